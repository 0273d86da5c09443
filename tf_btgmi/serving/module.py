"""The generator as a servable: pictures and masks in, filled pictures out."""

import tensorflow as tf

from tf_btgmi.models.generator import Generator
from tf_btgmi.models.inpainter import inpainter
from tf_btgmi.ops import image_ops, mask_ops

# A mask's pixel is hole from this grey level on.
HOLE_LEVEL = 128


class InpaintingModule(tf.Module):
    """Fills holes of a batch of pictures of one size, all in the graph.

    Args:
        generator: the trained generator, in float32; of one with two outputs, the
            part that fills holes.

    Raises:
        ValueError: it does not inpaint.
    """

    def __init__(self, generator: Generator):
        super().__init__(name="inpainting")
        self.generator = inpainter(generator)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, None, 3], tf.uint8, name="image"),
            tf.TensorSpec([None, None, None, 1], tf.uint8, name="mask"),
        ]
    )
    def predict_tensor(self, image, mask):
        """Fills whole pictures at their own size.

        Args:
            image: [B, H, W, 3], grey levels 0 to 255; may hold anything in the hole.
            mask: [B, H, W, 1], hole at 128 and above.

        Returns:
            `composite`, uint8 [B, H, W, 3]; known pixels are those of `image`.

        Raises:
            InvalidArgumentError: image and mask differ in size, or are empty.
        """
        same = tf.reduce_all(tf.equal(tf.shape(image)[:3], tf.shape(mask)[:3]))
        sizes = [
            "image and mask must have the same batch, height and width, above 0:",
            tf.shape(image),
            tf.shape(mask),
        ]
        checks = [
            tf.debugging.Assert(same, sizes),
            tf.debugging.Assert(tf.size(image) > 0, sizes),
        ]
        with tf.control_dependencies(checks):
            hole = tf.cast(tf.identity(mask) >= HOLE_LEVEL, tf.float32)
        masked_image = mask_ops.mask_image(image_ops.to_float(image), hole)
        inputs, (height, width) = image_ops.pad_to_multiple(
            tf.concat([masked_image, hole], axis=-1), self.generator.size_multiple
        )
        prediction = self.generator(inputs, training=False)
        prediction = image_ops.to_uint8(image_ops.crop_to(prediction, height, width))
        return {"composite": tf.where(hole > 0, prediction, image)}
