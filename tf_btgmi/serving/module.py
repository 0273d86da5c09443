"""The generator as a module for SavedModels: pictures and masks in, composites out.

| signature | in | out |
|---|---|---|
| `serving_default` | `image_bytes`, `mask_bytes` | `composite_bytes`, `error` |
| `predict_tensor` | `image`, `mask` | `composite` |
| `harmonize` | `image`, `mask` | `composite` |
| `compose` | `image`, `gap`, `foreground` | `composite` |
| `predict_window` | `image`, `mask`, `foreground` | `inpainted`, `harmonized` |

Tensors are uint8; a mask is set at 128 and above. Known pixels are returned unchanged.
`harmonize` and `compose` need a model with the output `harmonized` (Sec. 3.4).
`predict_window` returns predictions without compositing, for the `Predictor` of
`tf_btgmi.load`.
"""

import tensorflow as tf

from tf_btgmi.keras_compat import tensorflow_variable
from tf_btgmi.models.generator import Generator
from tf_btgmi.ops import image_ops, mask_ops
from tf_btgmi.outputs import HARMONIZED, INPAINTED, by_name
from tf_btgmi.serving import picture_files, window

# Minimum grey level of hole pixels.
HOLE_LEVEL = 128
_FILES = ("image", "mask")
# Level of zlib: one sixth of the default's time, for files 3 % larger.
_PNG_COMPRESSION = 1
# Pictures of a batch that are decoded and encoded in parallel.
_PARALLEL_PICTURES = 4


class InpaintingModule(tf.Module):
    """Fills holes and harmonizes objects inside the graph.

    Args:
        generator: the trained generator, in float32.
        image_size: S, the side of its training pictures in pixels.

    Attributes:
        outputs: names of the generator's outputs.
        functions: functions to export, by name of their signature.
    """

    def __init__(self, generator: Generator, image_size: int):
        super().__init__(name="inpainting")
        self.image_size = image_size
        self.size_multiple = generator.size_multiple
        self.outputs = generator.output_names
        # Variables, not Keras layers: a SavedModel would also store how to restore the
        # layers, which servers do not do.
        self.weights = list(map(tensorflow_variable, generator.weights))
        self._generate = lambda inputs: generator(inputs, training=False)
        any_size, window_size = [None, None, None], [None, image_size, image_size]
        files = [tf.TensorSpec([None], tf.string, f"{n}_bytes") for n in _FILES]
        # Saving traces every function it finds, so only exported ones exist.
        self.functions = {}
        if HARMONIZED in self.outputs:
            self._add(self._harmonize, any_size, ["image", "mask"])
            self._add(
                self._predict_window, window_size, ["image", "mask", "foreground"]
            )
        else:
            self._add(self._predict_window, window_size, ["image", "mask"])
        if len(self.outputs) == 2:
            self._add(self._compose, any_size, ["image", "gap", "foreground"])
        if INPAINTED in self.outputs:
            self._add(self._predict_tensor, any_size, ["image", "mask"])
            self.functions["serving_default"] = tf.function(
                self._predict_bytes, input_signature=files
            )
        else:
            self.functions["serving_default"] = self.functions["harmonize"]

    def _add(self, method, size, names) -> None:
        """Adds a signature of uint8 tensors, with the name of its method."""
        channels = [3 if name == "image" else 1 for name in names]
        specs = [
            tf.TensorSpec([*size, count], tf.uint8, name)
            for name, count in zip(names, channels)
        ]
        function = tf.function(method, input_signature=specs)
        self.functions[method.__name__.lstrip("_")] = function

    def _predict_tensor(self, image, mask):
        """Fills whole pictures at their own size.

        Args:
            image: [B, H, W, 3], grey levels 0 to 255; ignored in the hole.
            mask: [B, H, W, 1], hole at 128 and above.

        Returns:
            `composite`, uint8 [B, H, W, 3]; known pixels are those of `image`.

        Raises:
            InvalidArgumentError: image and mask differ in size, or are empty.
        """
        with tf.control_dependencies(_checks(image, mask)):
            hole = tf.identity(mask) >= HOLE_LEVEL
        return {"composite": self._fill(image, hole)}

    def _harmonize(self, image, mask):
        """Recolours the foreground of whole pictures at their own size.

        Args:
            image: [B, H, W, 3].
            mask: [B, H, W, 1], foreground at 128 and above.

        Returns:
            `composite`, uint8 [B, H, W, 3]; `image` outside the foreground.

        Raises:
            InvalidArgumentError: image and mask differ in size, or are empty.
        """
        with tf.control_dependencies(_checks(image, mask)):
            foreground = tf.identity(mask) >= HOLE_LEVEL
        predictions = self._predict(image, tf.zeros_like(foreground), foreground)
        return {"composite": tf.where(foreground, predictions[HARMONIZED], image)}

    def _compose(self, image, gap, foreground):
        """Fills the gap around a pasted object and recolours it (Sec. 3.4).

        Args:
            image: [B, H, W, 3]; ignored in the gap.
            gap: [B, H, W, 1], pixels to fill, 128 and above.
            foreground: [B, H, W, 1], pixels to recolour, 128 and above; pixels of the
                gap are filled instead.

        Returns:
            `composite`, uint8 [B, H, W, 3]; `image` outside both masks.

        Raises:
            InvalidArgumentError: image and masks differ in size, or are empty.
        """
        checks = _checks(image, gap) + _checks(image, foreground)
        with tf.control_dependencies(checks):
            hole = tf.identity(gap) >= HOLE_LEVEL
        visible = (foreground >= HOLE_LEVEL) & ~hole
        predictions = self._predict(image, hole, visible)
        composite = tf.where(visible, predictions[HARMONIZED], image)
        return {"composite": tf.where(hole, predictions[INPAINTED], composite)}

    def _predict_bytes(self, image_bytes, mask_bytes):
        """Fills pictures of any size, each from one window around its hole.

        A picture that cannot be filled has empty `composite_bytes` and a message in
        `error`; the others are filled.

        Args:
            image_bytes: [B] files, see `picture_files.py`.
            mask_bytes: [B] files of the same sizes.

        Returns:
            `composite_bytes`, [B] PNG files, and `error`, [B] strings, empty for
            success.

        Raises:
            InvalidArgumentError: no pictures, another number of masks, or none that can
                be filled; the message has the reasons.
        """
        sizes = [tf.shape(image_bytes), tf.shape(mask_bytes)]
        fits = tf.reduce_all(tf.equal(*sizes)) & (tf.size(image_bytes) > 0)
        counts = ["As many images as masks, at least one:", *sizes]
        check = tf.debugging.Assert(fits, counts)
        with tf.control_dependencies([check]):
            files = tf.identity(image_bytes), tf.identity(mask_bytes)
        size = self.image_size
        specs = (
            tf.TensorSpec([size, size, 3], tf.uint8),
            tf.TensorSpec([size, size], tf.bool),
            tf.TensorSpec([7], tf.int32),
            tf.TensorSpec([], tf.string),
            tf.TensorSpec([], tf.string),
            tf.TensorSpec([], tf.string),
        )
        images, holes, windows, pictures, masks, error = tf.map_fn(
            self._open,
            files,
            fn_output_signature=specs,
            parallel_iterations=_PARALLEL_PICTURES,
        )
        some = tf.reduce_any(tf.equal(error, ""))
        check = tf.debugging.Assert(some, ["Nothing can be filled:", error])
        with tf.control_dependencies([check]):
            filled = self._fill(images, holes[..., None])
        composite_bytes = tf.map_fn(
            _close,
            (filled, windows, pictures, masks, error),
            fn_output_signature=tf.TensorSpec([], tf.string),
            parallel_iterations=_PARALLEL_PICTURES,
        )
        return {"composite_bytes": composite_bytes, "error": error}

    def _predict_window(self, image, mask, foreground=None):
        if foreground is not None:
            foreground = foreground >= HOLE_LEVEL
        return self._predict(image, mask >= HOLE_LEVEL, foreground)

    def _fill(self, image, hole):
        """Fills bool [B, H, W, 1] of uint8 [B, H, W, 3]."""
        return tf.where(hole, self._predict(image, hole)[INPAINTED], image)

    def _predict(self, image, hole, foreground=None):
        """The network's outputs by name, uint8 [B, H, W, 3]."""
        mask = tf.cast(hole, tf.float32)
        channels = [mask_ops.mask_image(image_ops.to_float(image), mask), mask]
        if HARMONIZED in self.outputs:
            foreground = tf.zeros_like(hole) if foreground is None else foreground
            channels.append(tf.cast(foreground, tf.float32))
        inputs = tf.concat(channels, axis=-1)
        sides = image.shape[1:3]
        whole = None not in sides and not any(n % self.size_multiple for n in sides)
        if not whole:
            inputs, size = image_ops.pad_to_multiple(inputs, self.size_multiple)
        predictions = by_name(self._generate(inputs), self.outputs)
        if not whole:
            predictions = {
                name: image_ops.crop_to(prediction, *size)
                for name, prediction in predictions.items()
            }
        return {name: image_ops.to_uint8(predictions[name]) for name in self.outputs}

    def _open(self, files):
        """Decodes a picture and its mask, and cuts out their window."""
        picture, picture_error = picture_files.decode_picture(files[0])
        hole, hole_error = picture_files.decode_mask(files[1])
        error = tf.case(
            [
                (picture_error != "", lambda: "image_bytes: " + picture_error),
                (hole_error != "", lambda: "mask_bytes: " + hole_error),
                (
                    tf.reduce_any(tf.shape(picture)[:2] != tf.shape(hole)),
                    lambda: _sizes_differ(picture, hole),
                ),
                (
                    ~tf.reduce_any(hole),
                    lambda: "the mask is empty: no pixel of it is at least 128",
                ),
            ],
            default=lambda: "",
        )
        size = self.image_size

        def opened():
            place = window.window_of(hole, size)
            image, cut_hole = window.cut(picture, hole, place, size)
            # Serialized, because pictures of a batch differ in size.
            originals = tf.io.serialize_tensor(picture), tf.io.serialize_tensor(hole)
            numbers = tf.concat([tf.stack(place[:3]), place.hole_box], axis=0)
            return (image, cut_hole, numbers, *originals)

        def nothing():
            image = tf.zeros([size, size, 3], tf.uint8)
            cut_hole = tf.zeros([size, size], tf.bool)
            return image, cut_hole, tf.zeros([7], tf.int32), "", ""

        return (*tf.cond(tf.equal(error, ""), opened, nothing), error)


def _checks(image, mask) -> list:
    same = tf.reduce_all(tf.equal(tf.shape(image)[:3], tf.shape(mask)[:3]))
    sizes = [
        "image and mask must have the same batch, height and width, above 0:",
        tf.shape(image),
        tf.shape(mask),
    ]
    return [
        tf.debugging.Assert(same, sizes),
        tf.debugging.Assert(tf.size(image) > 0, sizes),
    ]


def _close(example):
    """Pastes a filled window into its picture and encodes it as PNG."""
    filled, numbers, picture, hole, error = example

    def closed():
        composite = window.paste(
            tf.ensure_shape(tf.io.parse_tensor(picture, tf.uint8), [None, None, 3]),
            tf.ensure_shape(tf.io.parse_tensor(hole, tf.bool), [None, None]),
            window.Window(*tf.unstack(numbers[:3]), numbers[3:]),
            filled,
        )
        return tf.io.encode_png(composite, _PNG_COMPRESSION)

    return tf.cond(tf.equal(error, ""), closed, lambda: "")


def _sizes_differ(picture, hole):
    def size(array):
        shape = tf.as_string(tf.shape(array))
        return shape[1] + "x" + shape[0]

    parts = ["the mask is ", size(hole), " pixels, the image ", size(picture)]
    return tf.strings.join(parts)
