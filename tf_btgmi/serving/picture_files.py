"""Encoded pictures inside the graph: sizes out of headers, decoding that fails nobody.

PNG, JPEG and BMP, and WebP where the TensorFlow that builds the graph has an operation
for it (2.21 has, 2.15 has not). A picture comes out as [H, W, 3] uint8, alpha dropped;
EXIF orientation is not looked at. One that cannot be used comes out empty, [0, 0, 3],
with the reason, so that it does not fail the other pictures of its batch.
"""

from typing import Callable, Tuple

import tensorflow as tf

from tf_btgmi.keras_compat import DECODES_WEBP

# More pixels than this are refused from the header, before anything is decoded: a
# picture of a few kilobytes can hold gigabytes. 7680 x 4320 is allowed.
MAX_PIXELS = 2**25
# Farther from the hole a soft rim is not followed; it takes a step for each pixel.
RIM_PIXELS = 64
# Levels up to which lossy formats make noise around an edge, as in `pictures.masks`.
LOSSY_NOISE = 32
# Enough for the sizes in the headers of PNG, BMP and WebP.
_HEADER_BYTES = 32
_FORMATS = ("PNG", "JPEG", "BMP") + ("WebP",) * DECODES_WEBP
_UNKNOWN = len(_FORMATS)


def decode_picture(data: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
    """Decodes one picture, or says why not.

    Args:
        data: scalar string, the bytes of a file.

    Returns:
        The picture, [H, W, 3] uint8, and a scalar string: empty, or the reason for
        which the picture is empty.
    """
    picture, reason = _decode_rgba(data)
    return picture[..., :3], reason


def _decode_rgba(data: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
    header = _header(data)
    kind = _format_index(header)
    size = tf.switch_case(
        kind,
        [
            lambda: _big_endian(header, [16, 20]),
            lambda: _attempt(_jpeg_size, data, [2], tf.int64),
            lambda: tf.abs(_little_endian(header, [18, 22])),
            lambda: _webp_size(header),
        ][: len(_FORMATS)]
        + [lambda: tf.zeros([2], tf.int64)],
    )
    num_pixels = size[0] * size[1]
    # A size of 0 is one that could not be read.
    usable = (num_pixels > 0) & (num_pixels <= MAX_PIXELS)
    picture = tf.cond(
        usable,
        lambda: _attempt(_decode, data, [None, None, 4], tf.uint8),
        lambda: tf.zeros([0, 0, 4], tf.uint8),
    )
    reason = tf.case(
        [
            (tf.equal(tf.strings.length(data), 0), lambda: tf.constant("it is empty")),
            (
                tf.equal(kind, _UNKNOWN),
                lambda: tf.constant(f"it is none of {', '.join(_FORMATS)}"),
            ),
            (num_pixels > MAX_PIXELS, lambda: _too_large(size)),
            (
                tf.equal(tf.size(picture), 0),
                lambda: tf.constant("it is damaged or incomplete"),
            ),
        ],
        default=lambda: tf.constant(""),
    )
    return picture, reason


def decode_mask(data: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
    """Decodes a mask by the rules of `tf_btgmi.pictures.masks`, but for two.

    Colours do not help to tell strokes from an erased part: the frame and the area
    alone decide. A soft rim ends after `RIM_PIXELS`.

    Args:
        data: scalar string, the bytes of a file.

    Returns:
        The hole, [H, W] bool, and the reason as `decode_picture` gives it.
    """
    picture, reason = _decode_rgba(data)
    usable = tf.equal(reason, "")
    levels, ambiguous = tf.cond(
        usable,
        lambda: _levels(picture),
        lambda: (tf.zeros(tf.shape(picture)[:2], tf.int32), False),
    )
    is_jpeg = tf.equal(_format_index(_header(data)), _FORMATS.index("JPEG"))
    noise = tf.where(is_jpeg, LOSSY_NOISE, 0)
    hole = tf.cond(usable, lambda: _with_rim(levels, noise), lambda: levels >= 128)
    brightest = tf.reduce_max(levels)
    reason = tf.case(
        [
            (~usable, lambda: reason),
            (
                ambiguous,
                lambda: tf.constant(
                    "it is not clear which part of the transparent mask is the hole: "
                    "save it as white (the hole) on black, without transparency"
                ),
            ),
            (
                (brightest > 0) & (brightest < 128),
                lambda: (
                    "its maximum is "
                    + tf.as_string(brightest)
                    + ", and the hole is where it is 128 or more"
                ),
            ),
        ],
        default=lambda: tf.constant(""),
    )
    return hole, reason


def _levels(picture: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
    """How much each pixel is hole, int32 [H, W] from 0 to 255; whether that is open."""
    rgba = tf.cast(picture, tf.int32)
    # Grey as in ITU-R 601, in integers so that white stays 255.
    grey = tf.tensordot(rgba[..., :3], tf.constant([299, 587, 114]), 1) // 1000
    alpha = rgba[..., 3]
    least, most = tf.reduce_min(alpha), tf.reduce_max(alpha)
    visible = tf.cast(alpha > (least + most) // 2, tf.float32)
    edges = [visible[0], visible[-1], visible[1:-1, 0], visible[1:-1, -1]]
    frame = tf.reduce_mean(tf.concat(edges, 0)) >= 0.5
    is_layer = frame & (tf.reduce_mean(visible) >= 0.5)
    erased = (most - alpha) * 255 // tf.maximum(most - least, 1)
    drawn = tf.where(alpha > least, 255, 0)
    is_plain = (tf.equal(least, most) & (most > 0)) | (least >= 128)
    ambiguous = ~is_plain & (tf.equal(most, 0) | (frame & ~is_layer))
    return tf.where(is_plain, grey, tf.where(is_layer, erased, drawn)), ambiguous


def _with_rim(levels: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    hole = levels >= 128
    below = tf.where(hole, 128, levels)
    counts = tf.math.unsorted_segment_sum(
        tf.ones_like(tf.reshape(below, [-1])), tf.reshape(below, [-1]), 129
    )
    background = tf.argmax(counts[:128], output_type=tf.int32) + noise
    soft = tf.cast((levels > background) | hole, tf.float32)[None, ..., None]

    def grow(hole, before):
        del before
        return tf.nn.max_pool2d(hole, 3, 1, "SAME") * soft, tf.reduce_sum(hole)

    start = tf.cast(hole, tf.float32)[None, ..., None]
    grown, _ = tf.while_loop(
        lambda hole, before: tf.reduce_sum(hole) > before,
        grow,
        (start, tf.constant(-1.0)),
        maximum_iterations=RIM_PIXELS,
    )
    grown = grown[0, ..., 0] > 0.5
    return tf.where(tf.reduce_all(grown), hole, grown)


def _attempt(function: Callable, data: tf.Tensor, shape, dtype) -> tf.Tensor:
    """`function(data)`, or zeros if that fails: try and except in a graph.

    Args:
        function: takes the scalar string `data`.
        data: its argument.
        shape: of the result; the zeros have 0 where it is None.
        dtype: of the result.
    """
    zeros = tf.zeros([length or 0 for length in shape], dtype)
    # A single element is taken in a tenth of the time that `reduce` needs.
    results = tf.data.Dataset.from_tensors(data).map(function).ignore_errors()
    instead = tf.data.Dataset.from_tensors(zeros)
    result = results.concatenate(instead).take(1).get_single_element()
    return tf.ensure_shape(result, shape)


def _decode(data: tf.Tensor) -> tf.Tensor:
    decoders = [
        lambda: tf.io.decode_png(data, channels=4),
        # As Pillow decodes.
        lambda: _to_rgba(
            tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE")
        ),
        lambda: _to_rgba(tf.io.decode_bmp(data)[..., :3]),
    ]
    if DECODES_WEBP:
        decoders.append(lambda: _to_rgba(tf.raw_ops.DecodeWebP(contents=data)))
    return tf.switch_case(_format_index(_header(data)), decoders)


def _to_rgba(picture: tf.Tensor) -> tf.Tensor:
    # A WebP comes as one frame or several.
    picture = tf.reshape(picture, tf.concat([[-1], tf.shape(picture)[-3:]], 0))[0]
    channels = tf.shape(picture)[-1]
    grey = tf.equal(channels, 1)
    rgb = tf.cond(grey, lambda: tf.repeat(picture, 3, -1), lambda: picture[..., :3])
    alpha = tf.cond(
        tf.equal(channels, 4),
        lambda: picture[..., 3:],
        lambda: tf.ones_like(picture[..., :1]) * 255,
    )
    return tf.ensure_shape(tf.concat([rgb, alpha], -1), [None, None, 4])


def _header(data: tf.Tensor) -> tf.Tensor:
    """The first bytes as numbers, zeros behind the end: [_HEADER_BYTES] int64."""
    start = tf.strings.substr(data, 0, _HEADER_BYTES)
    numbers = tf.io.decode_raw(start + b"\0" * _HEADER_BYTES, tf.uint8)
    return tf.cast(numbers[:_HEADER_BYTES], tf.int64)


def _format_index(header: tf.Tensor) -> tf.Tensor:
    """Position in `_FORMATS`; `_UNKNOWN` for anything else."""
    marks = [[(0, b"\x89PNG\r\n\x1a\n")], [(0, b"\xff\xd8\xff")], [(0, b"BM")]]
    marks += [[(0, b"RIFF"), (8, b"WEBP")]] * DECODES_WEBP
    found = [
        tf.reduce_all(
            [
                tf.reduce_all(tf.equal(header[at : at + len(mark)], list(mark)))
                for at, mark in parts
            ]
        )
        for parts in marks
    ]
    return tf.argmax(tf.stack(found + [True]), output_type=tf.int32)


def _big_endian(header: tf.Tensor, places) -> tf.Tensor:
    weights = tf.constant([2**24, 2**16, 2**8, 1], tf.int64)
    return tf.stack([tf.reduce_sum(header[p : p + 4] * weights) for p in places])


def _little_endian(header: tf.Tensor, places, num_bytes=4) -> tf.Tensor:
    weights = tf.constant([256**i for i in range(num_bytes)], tf.int64)
    sums = [tf.reduce_sum(header[p : p + num_bytes] * weights) for p in places]
    numbers = tf.stack(sums)
    # Of two's complement; a BMP's height is negative where its rows go down.
    limit = 2 ** (8 * num_bytes - 1)
    return numbers if num_bytes < 4 else (numbers + limit) % (2 * limit) - limit


def _webp_size(header: tf.Tensor) -> tf.Tensor:
    """[width, height] from the first chunk: lossy, lossless or extended."""
    sizes = [
        _little_endian(header, [26, 28], 2) % 2**14,
        _lossless_webp_size(header),
        _little_endian(header, [24, 27], 3) + 1,
    ]
    marks = [b"VP8 ", b"VP8L", b"VP8X"]
    found = [tf.reduce_all(tf.equal(header[12:16], list(mark))) for mark in marks]
    sizes.append(tf.zeros([2], tf.int64))
    return tf.gather(tf.stack(sizes), tf.argmax(tf.stack(found + [True])))


def _lossless_webp_size(header: tf.Tensor) -> tf.Tensor:
    # 14 bits each, less one, from the lowest bit on.
    bits = _little_endian(header, [21], 4)[0] % 2**32
    return tf.stack([bits % 2**14, bits // 2**14 % 2**14]) + 1


def _jpeg_size(data: tf.Tensor) -> tf.Tensor:
    height, width = tf.unstack(tf.io.extract_jpeg_shape(data, tf.int64)[:2])
    return tf.stack([width, height])


def _too_large(size: tf.Tensor) -> tf.Tensor:
    width, height = tf.as_string(size[0]), tf.as_string(size[1])
    limit = f" pixels are more than the {MAX_PIXELS} allowed"
    return tf.strings.join([width, "x", height, limit])
