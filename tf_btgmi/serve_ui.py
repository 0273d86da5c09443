"""Opens the studio: a local web page for removing, repairing and composing pictures.

    python -m tf_btgmi.serve_ui
    python -m tf_btgmi.serve_ui --model=runs/mine --port=9000
    python -m tf_btgmi.serve_ui --server=grpc://localhost:8500

The page talks to this program only, and pictures stay on this machine. With --server
the model runs in TensorFlow Serving and the windows around holes are sent there.
Exit code: 0, ended by Ctrl-C; 1, the port is taken; 2, a mistake in the flags.
"""

import os
from typing import List, Optional

import numpy as np
from absl import flags
from PIL import Image

from tf_btgmi.cli import program

FLAGS = flags.FLAGS


def define_flags():
    """The flags of this program; `program.run` calls it."""
    flags.DEFINE_multi_string(
        "model",
        None,
        "Bundled model by name, or the folder of a training run, a release or an "
        "exported model; all bundled ones by default. Give it several times to "
        "compare models in the page.",
    )
    flags.DEFINE_string(
        "server", None, "TensorFlow Serving: grpc://HOST:8500 or http://HOST:8501."
    )
    flags.DEFINE_integer("port", 8000, "Port of the page.", 0, 65535)
    flags.DEFINE_string("host", "127.0.0.1", "Address to listen on.")
    flags.DEFINE_multi_string(
        "allowed_host", [], "A name under which other machines may open the page."
    )
    flags.DEFINE_integer(
        "max_megapixels", 50, "Largest picture, in millions of pixels.", 1, 1000
    )


def main(argv):
    """Loads the models, says where the page is, and serves until Ctrl-C."""
    del argv
    if FLAGS.server and FLAGS.model:
        raise program.UsageError("Give --model or --server, not both.")
    if FLAGS.server and not FLAGS.server.startswith(("grpc://", "http://", "https://")):
        raise program.UsageError(
            f"--server: {FLAGS.server} is no address like grpc://localhost:8500."
        )
    try:
        from tf_btgmi.cli import web
        from tf_btgmi.studio.limits import Limits
        from tf_btgmi.studio.server import create_app
    except ImportError as error:
        raise program.UsageError(
            f"The studio needs {error.name}: pip install -r requirements.txt."
        ) from None
    listener = web.listen(FLAGS.host, FLAGS.port)
    models = _load_all([FLAGS.server] if FLAGS.server else FLAGS.model or [None])
    limits = Limits(max_pixels=FLAGS.max_megapixels * 1_000_000)
    Image.MAX_IMAGE_PIXELS = limits.max_pixels
    app = create_app(models, limits, FLAGS.allowed_host)
    warning = (
        "lets every machine that reaches this one use the studio, without a password "
        "or encryption. Pictures and results travel in the clear."
    )
    web.announce("The studio", FLAGS.host, listener, warning)
    web.serve(app, listener)
    return 0


def _load_all(places: List[Optional[str]]) -> list:
    """A `Model` a place; all bundled ones where it is None."""
    from tf_btgmi import assets, loading
    from tf_btgmi.studio.models import Model

    if places == [None]:
        if not assets.model_names():
            raise program.UsageError(
                "No model is bundled with this version. Give --model=FOLDER: of a "
                "training run (scripts/demo.sh leaves one in runs/demo), a release "
                "or an exported model."
            )
        places = assets.model_names()
    names = [os.path.basename(os.path.normpath(place)) for place in places]
    if len(set(names)) < len(names) or "://" in places[0]:
        names = places
    for place in places:
        if "://" not in place:
            # A wrong place is answered before the first model is loaded.
            loading.describe(place)
    models = []
    for name, place in zip(names, places):
        print(f"Loading {name} ...", flush=True)
        predictor = loading.load(place)
        if "://" not in place:
            _warm_up(predictor)
        models.append(Model(name, predictor))
    return models


def _warm_up(predictor) -> None:
    """The first call builds the network's graph; better now than at the first fill."""
    image = np.zeros((predictor.image_size, predictor.image_size, 3), np.uint8)
    mask = np.zeros(image.shape[:2], bool)
    mask[:8, :8] = True
    predictor.inpaint(image, mask)


if __name__ == "__main__":
    program.run(main, define_flags)
