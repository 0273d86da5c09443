"""Fills the holes of a picture of any size with a network of a fixed size.

Pictures are uint8 [H, W, 3]; masks are [H, W], hole where True or >= 128. Which
windows of the picture the network sees, and why, is told in `crops.py`. The network
gets [B, S, S, 4] float32: the masked image in [-1, 1] with its hole at 0, and the mask,
1 = hole.
"""

from typing import Callable, List

import cv2
import numpy as np

from tf_btgmi.inference import crops as crop_plan
from tf_btgmi.inference.holes import Holes


class Predictor:
    """Arrays in, arrays out: known pixels come back untouched, holes filled.

    Args:
        predict_fn: masked image and mask [B, S, S, 4], float32 -> prediction
            [B, S, S, 3] in [-1, 1].
        image_size: S, the side of the network's input in pixels.
        multiple: what the network needs S to be a multiple of.
        batch_size: windows the network sees at once; `predict_fn` gets batches of
            this many or of one.

    Raises:
        ValueError: `image_size` is not a multiple of `multiple`.
    """

    def __init__(
        self,
        predict_fn: Callable[[np.ndarray], np.ndarray],
        image_size: int,
        multiple: int = 8,
        batch_size: int = 8,
    ):
        if image_size < 1 or image_size % multiple:
            raise ValueError(
                f"image_size must be a multiple of {multiple}, which the network "
                f"halves its input by; it is {image_size}."
            )
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1; it is {batch_size}.")
        self.predict_fn = predict_fn
        self.image_size = image_size
        self.multiple = multiple
        self.batch_size = batch_size

    @classmethod
    def from_generator(cls, generator, config) -> "Predictor":
        """A Keras `Generator` at the size that `config` trained it for."""
        size = config.data.image_size
        return cls(predict_function(generator, size), size, generator.size_multiple)

    def inpaint(
        self, image: np.ndarray, mask: np.ndarray, mask_dilation: int = 0
    ) -> np.ndarray:
        """Fills the hole of one picture.

        Args:
            image: uint8 [H, W, 3]; it is not changed.
            mask: [H, W], bool, or uint8 with the hole at >= 128.
            mask_dilation: pixels by which the hole is grown on every side.

        Returns:
            The composite, uint8 [H, W, 3], equal to `image` outside the hole.

        Raises:
            ValueError: wrong types or shapes, sizes that differ, an empty mask, a mask
                of the whole picture, or a network that does not give pictures.
        """
        _check(image, mask, mask_dilation)
        holes = Holes(mask, mask_dilation)
        composite = np.array(image, order="C")
        crops = crop_plan.plan(holes, self.image_size)
        for batch in crop_plan.batches(crops, self.batch_size):
            self._fill(composite, holes, batch)
        return composite

    def _fill(self, composite, holes, batch: List[crop_plan.Crop]) -> None:
        windows = [self._window(composite, holes, crop) for crop in batch]
        masks = np.stack([mask for _, mask in windows]).astype(np.float32)[..., None]
        images = np.stack([image for image, _ in windows])
        masked_images = (images / np.float32(127.5) - 1.0) * (1.0 - masks)
        inputs = np.concatenate([masked_images, masks], axis=-1)
        predictions = self._predict(inputs)
        for crop, (image, mask), prediction in zip(batch, windows, predictions):
            filled = np.where(mask[..., None] > 0, prediction, image)
            _paste(composite, holes, crop, filled)

    def _window(self, composite, holes, crop):
        """The crop at the network's size: uint8 image and mask in {0, 1}."""
        image = crop_plan.window_of(composite, crop)
        hole = holes.window(crop.y, crop.x, crop.side)
        if crop.side == self.image_size:
            return image, hole
        # Only known pixels count in the mean that a small pixel is made of, and it is
        # hole where they are less than half.
        size = (self.image_size, self.image_size)
        known = image * (1 - hole)[..., None]
        known = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
        share = cv2.resize((1 - hole) * 255, size, interpolation=cv2.INTER_AREA)
        share = share.astype(np.float32)[..., None] / 255
        image = np.minimum(known / np.maximum(share, 0.25), 255).round()
        return image.astype(np.uint8), (share[..., 0] < 0.5).astype(np.uint8)

    def _predict(self, inputs: np.ndarray) -> np.ndarray:
        predictions = np.asarray(self.predict_fn(inputs), np.float32)
        wanted = inputs.shape[:3] + (3,)
        if predictions.shape != wanted:
            raise ValueError(
                f"predict_fn must give {wanted} for an input {inputs.shape}; it gave "
                f"{predictions.shape}."
            )
        if not np.isfinite(predictions).all():
            raise ValueError(
                "The network's prediction has NaN or infinite values; its weights are "
                "damaged or it has diverged in training."
            )
        return ((predictions + 1.0) * 127.5).round().clip(0, 255).astype(np.uint8)


def predict_function(generator, image_size: int) -> Callable:
    """Wraps a Keras generator, traced once, as the `predict_fn` of `Predictor`."""
    import tensorflow as tf

    signature = tf.TensorSpec([None, image_size, image_size, 4], tf.float32)

    @tf.function(input_signature=[signature])
    def predict(inputs):
        return tf.cast(generator(inputs, training=False), tf.float32)

    return lambda inputs: predict(tf.constant(inputs)).numpy()


def _paste(composite, holes, crop: crop_plan.Crop, filled: np.ndarray) -> None:
    if crop.side != filled.shape[0]:
        size = (crop.side, crop.side)
        filled = cv2.resize(filled, size, interpolation=cv2.INTER_CUBIC)
    y0, x0, y1, x1 = crop.box
    filled = filled[y0 - crop.y : y1 - crop.y, x0 - crop.x : x1 - crop.x]
    pixels = holes.fill(crop.hole, crop.box)
    composite[y0:y1, x0:x1][pixels] = filled[pixels]


def _check(image: np.ndarray, mask: np.ndarray, mask_dilation: int) -> None:
    image_shape, mask_shape = np.shape(image), np.shape(mask)
    if len(image_shape) != 3 or image_shape[2] != 3 or 0 in image_shape:
        raise ValueError(f"image must be [H, W, 3]; its shape is {image_shape}.")
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = getattr(image, "dtype", type(image).__name__)
        raise ValueError(f"image must be a uint8 array; it is {kind}.")
    if len(mask_shape) != 2:
        raise ValueError(f"mask must be [H, W]; its shape is {mask_shape}.")
    if not isinstance(mask, np.ndarray) or mask.dtype not in (np.uint8, np.bool_):
        kind = getattr(mask, "dtype", type(mask).__name__)
        raise ValueError(f"mask must be a uint8 or bool array; it is {kind}.")
    if mask_shape != image_shape[:2]:
        raise ValueError(
            f"The mask is {mask_shape[1]}x{mask_shape[0]} pixels, the image "
            f"{image_shape[1]}x{image_shape[0]}; they must be of the same size."
        )
    if mask_dilation < 0:
        raise ValueError(f"mask_dilation must be at least 0; it is {mask_dilation}.")
