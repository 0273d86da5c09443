"""Starts the studio, a local web page to remove, repair and compose.

    python -m tf_btgmi.serve_ui
    python -m tf_btgmi.serve_ui --model=runs/mine --port=9000
    python -m tf_btgmi.serve_ui --server=grpc://localhost:8500

Pictures stay on this machine: the page talks to this program only. With --server the
model runs in TensorFlow Serving, and the windows around the holes are sent there.

Exit code: 0 stopped by Ctrl-C; 1 the port cannot be used; 2 an error in the command
line.
"""

from typing import Optional

import numpy as np
from absl import flags

from tf_btgmi.cli import common_flags, program
from tf_btgmi.outputs import INPAINTED
from tf_btgmi.serving import client

FLAGS = flags.FLAGS


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    flags.DEFINE_multi_string(
        "model",
        None,
        "Model: the name of a bundled model, or the folder of a training run, a "
        "release or an exported model. Repeat the flag to compare models in the page. "
        "Default: all bundled models.",
    )
    flags.DEFINE_string(
        "server",
        None,
        "Address of TensorFlow Serving: grpc://HOST:8500 or http://HOST:8501.",
    )
    common_flags.define_address(port=8000)
    flags.DEFINE_integer(
        "max_megapixels", 50, "Largest picture, in millions of pixels.", 1, 1000
    )


def main(argv):
    """Loads the models and serves the page until Ctrl-C."""
    del argv
    if FLAGS.server and FLAGS.model:
        raise program.UsageError("--model and --server cannot be used together.")
    if FLAGS.server and not client.is_server(FLAGS.server):
        raise program.UsageError(
            f"--server={FLAGS.server} is not an address like grpc://localhost:8500."
        )
    # Imported late: they take seconds, and wrong flags are reported before.
    from tf_btgmi import selection
    from tf_btgmi.cli import web
    from tf_btgmi.studio.limits import Limits
    from tf_btgmi.studio.server import create_app

    listener = web.listen(FLAGS.host, FLAGS.port)
    places = [FLAGS.server] if FLAGS.server else FLAGS.model or [None]
    models = _load_all(list(dict.fromkeys(places)))
    selection.prepare()
    limits = Limits(max_pixels=FLAGS.max_megapixels * 1_000_000)
    app = create_app(models, limits, FLAGS.allowed_host)
    warning = (
        "lets every machine that reaches this one use the studio, without a password "
        "or encryption. Pictures and results travel in the clear."
    )
    web.announce("The studio", FLAGS.host, listener, warning)
    web.serve(
        app,
        listener,
        cancel=app.state.cancel_jobs,
        is_working=app.state.is_working,
    )
    return 0


def _load_all(places: list[Optional[str]]) -> list:
    """One `Model` per model path; all bundled ones for [None]."""
    from tf_btgmi import assets, loading
    from tf_btgmi.studio.models import Model

    if places == [None]:
        places = assets.model_names()
    names = [loading.short_name(place) for place in places]
    if len(set(names)) < len(names):
        names = places
    for place in places:
        if "://" not in place:
            # Wrong paths are reported before the first model is loaded.
            loading.check(place)
    models = []
    for name, place in zip(names, places):
        wait = f", at most {client.DEADLINE_SECONDS:.0f} s" if "://" in place else ""
        print(f"Loading {name}{wait} ...", flush=True)
        predictor = loading.load(place)
        if "://" not in place:
            _warm_up(predictor)
        models.append(Model(name, predictor))
    return models


def _warm_up(predictor) -> None:
    """Builds the graph of the network, so that the first request is not slow."""
    image = np.zeros((predictor.image_size, predictor.image_size, 3), np.uint8)
    mask = np.zeros(image.shape[:2], bool)
    mask[:8, :8] = True
    if INPAINTED in predictor.outputs:
        predictor.inpaint(image, mask)
    else:
        predictor.harmonize(image, mask)


if __name__ == "__main__":
    program.run(main, define_flags)
