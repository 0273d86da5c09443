"""What serving adds to the network: an exported model beside the bare Keras graph.

    python -m benchmarks.serving --model=btgmi-outdoor-128 --sizes=256,512

The model is exported to a temporary folder. A row gives the median time of a signature
for one picture, and the median of its ratio to a run of the bare graph, a `tf.function`
of the Keras generator at that size, right before it: what else the machine does hits
both.
"""

import io
import statistics
import tempfile
import time

from absl import flags

from benchmarks import shared_flags
from tf_btgmi import loading
from tf_btgmi.cli import common_flags, program

FLAGS = flags.FLAGS


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    common_flags.define_model()
    shared_flags.define_sizes(256, 512)
    shared_flags.define_rounds(30)


def main(argv):
    """Exports and prints a row for each signature and size."""
    del argv
    sizes = shared_flags.whole_numbers("sizes")
    loading.describe(FLAGS.model)
    import tensorflow as tf

    from export import saved_model

    generator, _ = loading.load_generator(FLAGS.model)
    print("| signature | size | ms | times the bare graph's |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        served = tf.saved_model.load(saved_model.export(FLAGS.model, folder))
        for size in sizes:
            for name, call in calls(served.signatures, size).items():
                bare = bare_graph(generator, size)
                mine, ratio = compare(call, bare, FLAGS.rounds)
                print(f"| {name} | {size} | {1000 * mine:.0f} | {ratio:.2f} |")
    return 0


def bare_graph(generator, size: int):
    """A run of the generator alone, on zeros."""
    import tensorflow as tf

    run = tf.function(lambda inputs: generator(inputs, training=False))
    inputs = tf.zeros([1, size, size, 4])
    return lambda: run(inputs).numpy()


def calls(signatures, size: int) -> dict:
    """Runs of the signatures that fill holes, on one picture, by name."""
    import numpy as np
    import tensorflow as tf
    from PIL import Image

    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, [size // 4, size // 4, 3], dtype=np.uint8)
    image = np.asarray(Image.fromarray(small).resize([size, size]))
    mask = np.zeros([size, size], np.uint8)
    mask[size // 4 : size // 2, size // 4 : size // 2] = 255
    tensors = tf.constant(image[None]), tf.constant(mask[None, ..., None])
    files = []
    for array in (image, mask):
        file = io.BytesIO()
        Image.fromarray(array).save(file, "PNG")
        files.append(tf.constant([file.getvalue()]))

    def by_tensor():
        found = signatures["predict_tensor"](image=tensors[0], mask=tensors[1])
        return found["composite"].numpy()

    def by_file():
        found = signatures["serving_default"](image_bytes=files[0], mask_bytes=files[1])
        return found["composite_bytes"].numpy()

    return {"predict_tensor": by_tensor, "serving_default": by_file}


def compare(call, bare, rounds: int):
    """Median seconds of `call`, and the median of its ratio to `bare`."""
    for function in (call, bare):
        for _ in range(3):
            function()
    mine, ratios = [], []
    for _ in range(rounds):
        times = []
        for function in (bare, call):
            started = time.perf_counter()
            function()
            times.append(time.perf_counter() - started)
        mine.append(times[1])
        ratios.append(times[1] / times[0])
    return statistics.median(mine), statistics.median(ratios)


if __name__ == "__main__":
    program.run(main, define_flags)
