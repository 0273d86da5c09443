"""The operations that a training step is made of, in TensorFlow and in PyTorch.

    pip install -r requirements-benchmarks.txt
    python -m benchmarks.operations --rounds=40

Shows where a difference between both comes from: one 3x3 convolution of 96 and of 256
channels and each of its gradients, a batch normalization, a transposed convolution, the
7x7 convolution to three channels, and Adam. Both take turns; the factor is the median
of PyTorch's time over TensorFlow's, so above 1 TensorFlow is ahead. Without PyTorch its
columns stay empty. Takes about a minute a precision.
"""

import importlib.util

from absl import flags

from benchmarks import children, flops, shared_flags, timing
from tf_btgmi.cli import program

FLAGS = flags.FLAGS
# name -> (kernel [h, w, in, out], input side, stride); a stride of -2 doubles sides.
CONVOLUTIONS = {
    "3x3, 96 channels": ((3, 3, 96, 96), 32, 1),
    "3x3, 256 channels": ((3, 3, 256, 256), 16, 1),
    "transposed 3x3, 96 to 48": ((3, 3, 96, 48), 32, -2),
    "7x7, 24 to 3": ((7, 7, 24, 3), 128, 1),
}
_NORMALIZED = (96, 32)
_ADAM_WEIGHTS = 2_000_000


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    shared_flags.define_precisions()
    shared_flags.define_batch()
    shared_flags.define_rounds(40)


def main(argv):
    """Prints a row for each precision and operation."""
    del argv
    precisions = shared_flags.precisions()
    print("| precision | operation | TensorFlow ms | GFLOP/s | PyTorch ms | factor |")
    print("|---|---|---|---|---|---|")
    for precision in precisions:
        found = children.call(
            "benchmarks.operations",
            "measure",
            precision=precision,
            batch_size=FLAGS.batch,
            rounds=FLAGS.rounds,
        )
        for name, (mine, other, factor, count) in found["rows"].items():
            rate = f"{count / mine / 1e9:.0f}" if count else ""
            theirs = timing.milliseconds(other) if other else ""
            print(
                f"| {precision} | {name} | {timing.milliseconds(mine)} | {rate} | "
                f"{theirs} | {f'{factor:.2f}' if factor else ''} |",
                flush=True,
            )
    return 0


def measure(precision: str, batch_size: int, rounds: int) -> dict:
    """Times every operation in this process.

    Returns:
        `rows`: by name (TensorFlow's seconds, PyTorch's, factor, operations); None for
        what is not there.
    """
    have_torch = importlib.util.find_spec("torch") is not None
    sides = [pytorch_calls] if have_torch else []
    sides.append(tensorflow_calls)
    made = {side: side(precision, batch_size) for side in sides}
    counts = operation_counts(batch_size)
    rows = {}
    for name, mine in made[tensorflow_calls].items():
        calls = {"TensorFlow": mine}
        if have_torch:
            calls["PyTorch"] = made[pytorch_calls][name]
        seconds = timing.in_turn(calls, rounds)
        found = timing.medians(seconds)
        factor = None
        if have_torch:
            factor = timing.ratio(seconds["PyTorch"], seconds["TensorFlow"])
        rows[name] = (
            found["TensorFlow"],
            found.get("PyTorch"),
            factor,
            counts.get(name),
        )
    return {"rows": rows}


def operation_counts(batch_size: int) -> dict:
    """Floating-point operations by the names of the convolutions' rows."""
    counts = {}
    for name, (kernel, side, _) in CONVOLUTIONS.items():
        # Of a transposed one, the input's places; the others keep the size.
        count = flops.convolution(kernel, batch_size * side**2)
        for suffix in ("", ", input's gradient", ", weights' gradient"):
            counts[name + suffix] = count
    return counts


def tensorflow_calls(precision: str, batch_size: int) -> dict:
    """Functions to time by name; each waits for its result."""
    import keras
    import tensorflow as tf

    dtype = tf.as_dtype(_dtype(precision))
    calls = {}

    def add(name, function):
        run = tf.function(function)
        calls[name] = lambda: run()

    for name, (kernel_shape, side, stride) in CONVOLUTIONS.items():
        height, width, channels, filters = kernel_shape
        image = tf.cast(tf.random.normal([batch_size, side, side, channels]), dtype)
        # Weights are kept in float32 and cast at every call, as in training.
        master = tf.Variable(tf.random.normal([height, width, channels, filters]))
        out = 2 * side if stride < 0 else side
        error = tf.cast(tf.random.normal([batch_size, out, out, filters]), dtype)

        def forward(image=image, master=master, stride=stride, shape=error.shape):
            kernel = tf.cast(master, dtype)
            if stride > 0:
                return tf.nn.conv2d(image, kernel, stride, "SAME")
            kernel = tf.transpose(kernel, [0, 1, 3, 2])
            return tf.nn.conv2d_transpose(image, kernel, shape, 2)

        def by_input(forward=forward, image=image, error=error):
            with tf.GradientTape() as tape:
                tape.watch(image)
                result = forward(image=image)
            return tape.gradient(result, image, error)

        def by_weights(forward=forward, master=master, error=error):
            with tf.GradientTape() as tape:
                result = forward()
            return tape.gradient(result, master, error)

        add(name, forward)
        add(f"{name}, input's gradient", by_input)
        add(f"{name}, weights' gradient", by_weights)

    channels, side = _NORMALIZED
    shape = [batch_size, side, side, channels]
    layer = keras.layers.BatchNormalization(dtype=precision)
    features = tf.cast(tf.random.normal(shape), dtype)
    layer(features)

    def normalize():
        return layer(features, training=True)

    def normalize_and_back():
        with tf.GradientTape() as tape:
            tape.watch(features)
            result = layer(features, training=True)
        return tape.gradient(result, features, result)

    add(f"batch norm, {channels} channels", normalize)
    add(f"batch norm, {channels} channels, with gradient", normalize_and_back)

    optimizer = keras.optimizers.Adam(2e-4, beta_1=0.5)
    weights = [tf.Variable(tf.zeros([_ADAM_WEIGHTS // 20])) for _ in range(20)]
    gradients = [tf.random.normal(weight.shape) for weight in weights]
    optimizer.build(weights)
    add(
        f"Adam, {_ADAM_WEIGHTS:,} weights",
        lambda: optimizer.apply_gradients(zip(gradients, weights)),
    )
    return calls


def _dtype(precision: str) -> str:
    """The type that convolutions compute in."""
    return precision.replace("mixed_", "")


def pytorch_calls(precision: str, batch_size: int) -> dict:
    """The same in PyTorch, channels_last, under autocast."""
    import torch
    from torch import nn

    calls = {}
    last = torch.channels_last
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=precision != "float32")
    dtype = getattr(torch, _dtype(precision))

    for name, (kernel_shape, side, stride) in CONVOLUTIONS.items():
        size, _, channels, filters = kernel_shape
        image = torch.randn(batch_size, channels, side, side).to(dtype)
        image = image.to(memory_format=last)
        if stride > 0:
            layer = nn.Conv2d(channels, filters, size, 1, size // 2, bias=False)
        else:
            layer = nn.ConvTranspose2d(channels, filters, size, 2, 1, 1, bias=False)
        layer = layer.to(memory_format=last)
        out = 2 * side if stride < 0 else side
        error = torch.randn(batch_size, filters, out, out).to(dtype)
        error = error.to(memory_format=last)

        def forward(layer=layer, image=image):
            with torch.inference_mode(), autocast:
                return layer(image)

        def gradient(of_input, layer=layer, image=image, error=error):
            # A graph of one convolution; the forward pass is not in the time.
            given = image.detach().requires_grad_(of_input)
            layer.weight.requires_grad_(not of_input)
            with autocast:
                result = layer(given)
            wanted = given if of_input else layer.weight
            return lambda: torch.autograd.grad(result, wanted, error, retain_graph=True)

        calls[name] = forward
        calls[f"{name}, input's gradient"] = gradient(True)
        calls[f"{name}, weights' gradient"] = gradient(False)

    channels, side = _NORMALIZED
    normalization = nn.BatchNorm2d(channels)
    features = torch.randn(batch_size, channels, side, side).to(dtype)
    features = features.to(memory_format=last).requires_grad_()

    def normalize():
        with torch.no_grad(), autocast:
            return normalization(features)

    def normalize_and_back():
        with autocast:
            result = normalization(features)
        return torch.autograd.grad(result, features, result.detach())

    calls[f"batch norm, {channels} channels"] = normalize
    calls[f"batch norm, {channels} channels, with gradient"] = normalize_and_back

    weights = [nn.Parameter(torch.zeros(_ADAM_WEIGHTS // 20)) for _ in range(20)]
    for weight in weights:
        weight.grad = torch.randn(weight.shape)
    optimizer = torch.optim.Adam(weights, 2e-4, betas=(0.5, 0.999), fused=True)
    calls[f"Adam, {_ADAM_WEIGHTS:,} weights"] = optimizer.step
    return calls


if __name__ == "__main__":
    program.run(main, define_flags)
