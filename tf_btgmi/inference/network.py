"""The network behind a predictor: uint8 windows in, uint8 windows out.

The input of an inpainting network is [B, S, S, 4] float32: the image in [-1, 1] with 0
in the hole, and the mask. The input of a network that harmonizes has a fifth channel,
the mask of the foreground.
"""

import os
from typing import Callable, Optional, Sequence

import numpy as np

from tf_btgmi.outputs import HARMONIZED, INPAINTED, OUTPUT_NAMES, by_name
from tf_btgmi.pictures import levels

_FORKED = (
    "A model was loaded before this process was forked, and TensorFlow's threads do "
    'not survive a fork. Start processes with multiprocessing.get_context("spawn") and '
    "load the model in each."
)
_owner: Optional[int] = None


def claim_process() -> None:
    """Records that TensorFlow runs in this process; called before it starts.

    Raises:
        RuntimeError: it has run in the parent of this forked process, where it would
            now hang.
    """
    global _owner
    if _owner not in (None, os.getpid()):
        raise RuntimeError(_FORKED)
    _owner = os.getpid()


def predict_function(network, image_size: int) -> Callable:
    """Wraps a Keras network, traced once, as the `predict_fn` of `Network`."""
    import tensorflow as tf

    shape = [None, image_size, image_size, network.input_channels]

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32)], autograph=False)
    def predict(inputs):
        predictions = network(inputs, training=False)
        return tf.nest.map_structure(lambda x: tf.cast(x, tf.float32), predictions)

    def predict_fn(inputs):
        predictions = predict(tf.constant(inputs))
        return tf.nest.map_structure(lambda x: x.numpy(), predictions)

    return predict_fn


class Network:
    """A network of fixed input size.

    Args:
        predict_fn: maps [B, S, S, C] float32 to [B, S, S, 3] in [-1, 1], or to a dict
            of these by output name. C is 5 with the output `harmonized`, otherwise 4.
        image_size: S, the side of the input in pixels.
        multiple: divisor that S must have.
        batch_size: windows per call; `predict_fn` gets this many or one.
        outputs: names of its outputs, from `OUTPUT_NAMES`.

    Raises:
        ValueError: `image_size` is not a multiple of `multiple`, or an unknown output.
    """

    def __init__(
        self,
        predict_fn: Callable,
        image_size: int,
        multiple: int = 8,
        batch_size: int = 8,
        outputs: Sequence[str] = (INPAINTED,),
    ):
        if image_size < 1 or image_size % multiple:
            raise ValueError(
                f"image_size must be a multiple of {multiple}, the factor by which the "
                f"network reduces its input; it is {image_size}."
            )
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1; it is {batch_size}.")
        if not outputs or not set(outputs) <= set(OUTPUT_NAMES):
            raise ValueError(
                f"outputs must be some of {', '.join(OUTPUT_NAMES)}; they are "
                f"{outputs}."
            )
        self.predict_fn = predict_fn
        self.image_size = image_size
        self.batch_size = batch_size
        self.outputs = tuple(outputs)
        self._process = os.getpid()

    @property
    def num_channels(self) -> int:
        """Channels of the input: 5 for a network that harmonizes, otherwise 4."""
        return 5 if HARMONIZED in self.outputs else 4

    def run(
        self,
        images: np.ndarray,
        gaps: np.ndarray,
        foregrounds: Optional[np.ndarray] = None,
    ) -> dict[str, np.ndarray]:
        """Predicts a batch of windows.

        Args:
            images: uint8 [B, S, S, 3]; their pixels in the gap are ignored.
            gaps: [B, S, S] in {0, 1}, 1 = to be filled.
            foregrounds: [B, S, S] in {0, 1}, or None; ignored by a network without a
                channel for it.

        Returns:
            uint8 [B, S, S, 3] by output name.

        Raises:
            ValueError: the prediction has a wrong shape or is not finite.
            RuntimeError: the process was forked after the network was loaded.
        """
        if os.getpid() != self._process:
            raise RuntimeError(_FORKED)
        gaps = gaps.astype(np.float32)[..., None]
        channels = [levels.to_float(images) * (1.0 - gaps), gaps]
        if self.num_channels == 5:
            if foregrounds is None:
                foregrounds = np.zeros(gaps.shape[:3])
            channels.append(foregrounds.astype(np.float32)[..., None])
        inputs = np.concatenate(channels, axis=-1)
        predictions = by_name(self.predict_fn(inputs), self.outputs)
        missing = [name for name in self.outputs if name not in predictions]
        if missing:
            raise ValueError(
                f"predict_fn must return {' and '.join(self.outputs)}; {missing[0]} is "
                f"missing from its result: {', '.join(sorted(predictions))}."
            )
        return {
            name: _checked(predictions[name], inputs.shape) for name in self.outputs
        }


def _checked(prediction, input_shape) -> np.ndarray:
    """A prediction [B, S, S, 3] in [-1, 1] as uint8."""
    prediction = np.asarray(prediction, np.float32)
    shape = input_shape[:3] + (3,)
    if prediction.shape != shape:
        raise ValueError(
            f"predict_fn must return {shape} for an input {input_shape}; it returned "
            f"{prediction.shape}."
        )
    if not np.isfinite(prediction).all():
        raise ValueError(
            "The network's prediction has NaN or infinite values: its weights are "
            "damaged, or its training diverged."
        )
    return levels.to_uint8(prediction)
