"""Encoded pictures inside the graph: sizes out of headers, decoding that fails nobody.

PNG, JPEG and BMP, and WebP where the TensorFlow that builds the graph has an operation
for it (2.21 has, 2.15 has not). A picture comes out as [H, W, 3] uint8, alpha dropped;
EXIF orientation is not looked at. One that cannot be used comes out empty, [0, 0, 3],
with the reason, so that it does not fail the other pictures of its batch.
"""

from typing import Callable, Tuple

import tensorflow as tf

# More pixels than this are refused from the header, before anything is decoded: a
# picture of a few kilobytes can hold gigabytes. 7680 x 4320 is allowed.
MAX_PIXELS = 2**25
# Enough for the sizes in the headers of PNG, BMP and WebP.
_HEADER_BYTES = 32
_HAS_WEBP = hasattr(tf.raw_ops, "DecodeWebP")
_FORMATS = ("PNG", "JPEG", "BMP") + ("WebP",) * _HAS_WEBP
_UNKNOWN = len(_FORMATS)


def decode_picture(data: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
    """Decodes one picture, or says why not.

    Args:
        data: scalar string, the bytes of a file.

    Returns:
        The picture, [H, W, 3] uint8, and a scalar string: empty, or the reason for
        which the picture is empty.
    """
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
        lambda: _attempt(_decode, data, [None, None, 3], tf.uint8),
        lambda: tf.zeros([0, 0, 3], tf.uint8),
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
    """Decodes a mask: hole where its grey is at least 128.

    Args:
        data: scalar string, the bytes of a file.

    Returns:
        The hole, [H, W] bool, and the reason as `decode_picture` gives it.
    """
    picture, reason = decode_picture(data)
    # Grey as in ITU-R 601, in integers so that white stays 255.
    grey = tf.tensordot(tf.cast(picture, tf.int32), tf.constant([299, 587, 114]), 1)
    return grey >= 128_000, reason


def _attempt(function: Callable, data: tf.Tensor, shape, dtype) -> tf.Tensor:
    """`function(data)`, or zeros where that fails: a graph's try and except.

    Args:
        function: of the scalar string `data`.
        shape: of what it returns; zeros have 0 where it is None.
    """
    zeros = tf.zeros([length or 0 for length in shape], dtype)
    # A single element is taken in a tenth of the time that `reduce` needs.
    results = tf.data.Dataset.from_tensors(data).map(function).ignore_errors()
    instead = tf.data.Dataset.from_tensors(zeros)
    result = results.concatenate(instead).take(1).get_single_element()
    return tf.ensure_shape(result, shape)


def _decode(data: tf.Tensor) -> tf.Tensor:
    decoders = [
        lambda: tf.io.decode_png(data, channels=3),
        # As Pillow decodes.
        lambda: tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE"),
        lambda: _to_rgb(tf.io.decode_bmp(data)),
    ]
    if _HAS_WEBP:
        decoders.append(lambda: _to_rgb(tf.raw_ops.DecodeWebP(contents=data)))
    return tf.switch_case(_format_index(_header(data)), decoders)


def _to_rgb(picture: tf.Tensor) -> tf.Tensor:
    # A WebP comes as one frame or several.
    picture = tf.reshape(picture, tf.concat([[-1], tf.shape(picture)[-3:]], 0))[0]
    grey = tf.equal(tf.shape(picture)[-1], 1)
    rgb = tf.cond(grey, lambda: tf.repeat(picture, 3, -1), lambda: picture[..., :3])
    return tf.ensure_shape(rgb, [None, None, 3])


def _header(data: tf.Tensor) -> tf.Tensor:
    """The first bytes as numbers, zeros behind the end: [_HEADER_BYTES] int64."""
    start = tf.strings.substr(data, 0, _HEADER_BYTES)
    numbers = tf.io.decode_raw(start + b"\0" * _HEADER_BYTES, tf.uint8)
    return tf.cast(numbers[:_HEADER_BYTES], tf.int64)


def _format_index(header: tf.Tensor) -> tf.Tensor:
    """Position in `_FORMATS`; `_UNKNOWN` for anything else."""
    marks = [[(0, b"\x89PNG\r\n\x1a\n")], [(0, b"\xff\xd8\xff")], [(0, b"BM")]]
    marks += [[(0, b"RIFF"), (8, b"WEBP")]] * _HAS_WEBP
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
