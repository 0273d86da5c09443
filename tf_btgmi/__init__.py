"""Block-wise trained generative model for inpainting (BTGMI), in TensorFlow."""

import os

from tf_btgmi import interrupts

# Before slow imports.
interrupts.end_silently()
# Both are read once, when Keras and TensorFlow are first imported. The networks here
# run on TensorFlow only.
os.environ["KERAS_BACKEND"] = "tensorflow"
# Errors of TensorFlow's kernels are raised anyway; its messages about a missing GPU are
# not errors.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def load(model_path=None, retouched=True):
    """Loads a model by its name, folder, file or address.

    TensorFlow does not survive a fork: start processes that use models with
        `multiprocessing.get_context("spawn")` and load a model in each. A forked child
        gets a `RuntimeError`.

    Args:
        model_path: a bundled model's name; the folder of a training run, of a release
            or of an exported model; a `.tflite` file; or a model on a server,
            `grpc://HOST:8500/NAME` or `http://HOST:8501/NAME`. Default: the first
            bundled model.
        retouched: False returns the network's own fills, see `Predictor`.

    Returns:
        A `Predictor`, with the methods `inpaint`, `remove`, `harmonize` and `compose`.
        Pictures of any size are uint8 or uint16 [H, W, 3], masks bool [H, W].

    Raises:
        ValueError: no model there, or a damaged one.
        OSError: a server that cannot be reached, or refuses.
        RuntimeError: a model was loaded before this process was forked.

    Example:
        >>> import numpy as np
        >>> import tf_btgmi
        >>> model = tf_btgmi.load("btgmi-outdoor-192")
        >>> image = np.zeros((200, 300, 3), np.uint8)
        >>> hole = np.zeros((200, 300), bool)
        >>> hole[80:120, 100:150] = True
        >>> model.inpaint(image, hole).shape
        (200, 300, 3)
    """
    from tf_btgmi import loading

    return loading.load(model_path, retouched=retouched)


__version__ = "0.1.0"
