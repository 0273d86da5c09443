"""Counts the files and functions of the package that three paths pass through.

    python scripts/count_paths.py        # --list names the functions

One picture through `inpaint`, one through the studio's `/inpaint`, and `mask` from a
training picture to the losses. Counted are functions that Python runs, on all threads,
without lambdas. Networks, optimizers, configs and the loading of a model are not
counted.
"""

import argparse
import inspect
import io
import pathlib
import sys
import tempfile
import threading

import numpy as np
from PIL import Image
from starlette.testclient import TestClient

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import tf_btgmi  # noqa: E402
from configs import smoke  # noqa: E402
from tf_btgmi import inpaint, loading  # noqa: E402
from tf_btgmi.cli import program  # noqa: E402
from tf_btgmi.data import inpainting, masks, tasks  # noqa: E402
from tf_btgmi.studio import models, server  # noqa: E402

PACKAGE = f"{pathlib.Path(tf_btgmi.__file__).parent}/"
PICTURE = ROOT / "tf_btgmi" / "assets" / "samples" / "test" / "cat.jpg"
NOT_COUNTED = (
    *("assets/", "config/", "keras_compat", "layers/", "loading", "losses/lpips"),
    *("models/", "releases", "training/descent"),
)


class Passed:
    """The functions that run inside `with`, on this thread and on those it starts."""

    def __init__(self):
        self.functions = set()

    def __enter__(self):
        threading.setprofile(self._record)
        sys.setprofile(self._record)
        return self

    def __exit__(self, *error):
        sys.setprofile(None)
        threading.setprofile(None)

    def _record(self, frame, event, argument):
        del argument
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(PACKAGE):
            return
        file = code.co_filename[len(PACKAGE) :]
        # The bodies of modules and classes are not optimized.
        if code.co_flags & inspect.CO_OPTIMIZED and not code.co_name.startswith("<"):
            if not file.startswith(NOT_COUNTED):
                self.functions.add((file, code.co_firstlineno, code.co_name))

    def report(self, title: str, names: bool) -> None:
        """Prints the counts, and the functions if asked."""
        files = {file for file, _, _ in self.functions}
        print(f"{title}: {len(files)} files, {len(self.functions)} functions")
        for file, line, name in sorted(self.functions) if names else ():
            print(f"  {file}:{line} {name}")


def by_command(mask: pathlib.Path) -> Passed:
    """One picture through `tf_btgmi.inpaint`, from command line to file."""
    output = mask.parent / "filled.jpg"
    sys.argv = ["inpaint", f"--image={PICTURE}", f"--mask={mask}", f"--output={output}"]
    with Passed() as passed:
        try:
            program.run(inpaint.main, inpaint.define_flags)
        except SystemExit as end:
            if end.code:
                raise
    return passed


def by_studio(mask: pathlib.Path) -> Passed:
    """One picture through the studio's API, from request to answer."""
    model = models.Model("bundled", loading.load("btgmi-outdoor-192"))
    app = server.create_app([model])
    files = {"image": PICTURE.read_bytes(), "mask": mask.read_bytes()}
    # The application starts its threads when the client is entered.
    with Passed() as passed, TestClient(app, base_url="http://127.0.0.1") as client:
        passed.functions.clear()
        answer = client.post("/api/v1/inpaint", files=files).raise_for_status()
    Image.open(io.BytesIO(answer.content)).verify()
    return passed


def of_mask() -> Passed:
    """The mask of an example, drawn for a picture, through one training step."""
    import tensorflow as tf

    from tf_btgmi.training import build

    config = smoke.get_config()
    gan = build.build_model(config, tf.distribute.get_strategy())
    side = config.data.image_size
    image = np.asarray(Image.open(PICTURE).resize((side, side)))
    with Passed() as passed:
        task = tasks.InpaintingTask(config)
        sampler = masks.MaskSampler(config.masks)
        example = inpainting.example(image, (0, 0), config, sampler)
        batch = {name: tf.constant(value)[None] for name, value in example.items()}
        gan.train_step(task.to_float(batch))
    return passed


def main() -> None:
    """Counts the three paths."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--list", action="store_true", help="Name the functions.")
    names = parser.parse_args().list
    with tempfile.TemporaryDirectory() as folder:
        mask = pathlib.Path(folder) / "mask.png"
        with Image.open(PICTURE) as picture:
            hole = np.zeros((picture.height, picture.width), np.uint8)
        hole[100:160, 200:280] = 255
        Image.fromarray(hole).save(mask)
        by_command(mask).report("inpaint", names)
        by_studio(mask).report("/inpaint", names)
    of_mask().report("mask", names)


if __name__ == "__main__":
    main()
