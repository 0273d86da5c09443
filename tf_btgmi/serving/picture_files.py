"""Decodes picture files inside the graph, after checking the size in their header.

Formats are PNG, JPEG, BMP and, if the graph is built by TensorFlow 2.21, WebP. Pictures
are [H, W, 3] uint8 without alpha; EXIF orientation is ignored. A picture that cannot be
used is empty, [0, 0, 3], with a reason, so that the rest of its batch succeeds.
"""

from typing import Callable

import tensorflow as tf

from tf_btgmi.keras_compat import DECODES_WEBP

# Larger pictures are refused by their header: a file of some kilobytes may decode to
# gigabytes. 7680 x 4320 is allowed.
MAX_PIXELS = 2**25
# Maximum width of a soft rim; it takes one iteration per pixel.
RIM_PIXELS = 64
# Noise around edges in lossy formats, in grey levels, as in `pictures.masks`.
LOSSY_NOISE = 32
# The headers of PNG, BMP and WebP have the size within this many bytes.
_HEADER_BYTES = 32
_FORMATS = ("PNG", "JPEG", "BMP") + ("WebP",) * DECODES_WEBP
_UNKNOWN = len(_FORMATS)


def decode_picture(data: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes one picture.

    Args:
        data: scalar string, the bytes of a file.

    Returns:
        The picture, [H, W, 3] uint8, and a scalar string: the reason for an empty
        picture, otherwise empty.
    """
    picture, reason = _decode_rgba(data)
    return picture[..., :3], reason


def _decode_rgba(data: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
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
    # An unreadable size is 0.
    indexed = _is_indexed_bmp(data, header, kind)
    usable = (num_pixels > 0) & (num_pixels <= MAX_PIXELS) & ~indexed
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
                indexed,
                lambda: tf.constant(
                    "it is a BMP with less than 24 bits a pixel: save it as PNG"
                ),
            ),
            (
                tf.equal(tf.size(picture), 0),
                lambda: tf.constant("it is damaged or incomplete"),
            ),
        ],
        default=lambda: tf.constant(""),
    )
    return picture, reason


def decode_mask(data: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes a mask by the rules of `tf_btgmi.pictures.masks`, with three exceptions.

    Strokes and erased parts are distinguished by frame and area alone, not by colours,
    a soft rim is followed for `RIM_PIXELS` only, and photographs are not refused.

    Args:
        data: scalar string, the bytes of a file.

    Returns:
        The hole, [H, W] bool, and the reason as of `decode_picture`.
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


def _levels(picture: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Levels of the mask, int32 [H, W] in 0 to 255, and whether they are ambiguous."""
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
    # `get_single_element` takes one tenth of the time of `reduce`.
    results = tf.data.Dataset.from_tensors(data).map(function).ignore_errors()
    instead = tf.data.Dataset.from_tensors(zeros)
    result = results.concatenate(instead).take(1).get_single_element()
    return tf.ensure_shape(result, shape)


def _decode(data: tf.Tensor) -> tf.Tensor:
    decoders = [
        lambda: tf.io.decode_png(data, channels=4),
        # The method of Pillow.
        lambda: _to_rgba(
            tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE")
        ),
        lambda: _to_rgba(tf.io.decode_bmp(data)[..., :3]),
    ]
    if DECODES_WEBP:
        decoders.append(lambda: _to_rgba(tf.raw_ops.DecodeWebP(contents=data)))
    return tf.switch_case(_format_index(_header(data)), decoders)


def _to_rgba(picture: tf.Tensor) -> tf.Tensor:
    # WebP may have several frames.
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
    """The first bytes as numbers, padded with zeros: [_HEADER_BYTES] int64."""
    start = tf.strings.substr(data, 0, _HEADER_BYTES)
    numbers = tf.io.decode_raw(start + b"\0" * _HEADER_BYTES, tf.uint8)
    return tf.cast(numbers[:_HEADER_BYTES], tf.int64)


def _format_index(header: tf.Tensor) -> tf.Tensor:
    """Position in `_FORMATS`; `_UNKNOWN` for anything else."""
    marks = [[(0, b"\x89PNG\r\n\x1a\n")], [(0, b"\xff\xd8\xff")], [(0, b"BM")]]
    marks += [[(0, b"RIFF"), (8, b"WEBP")]] * DECODES_WEBP
    matches = [
        tf.reduce_all(
            [
                tf.reduce_all(tf.equal(header[at : at + len(mark)], list(mark)))
                for at, mark in parts
            ]
        )
        for parts in marks
    ]
    return tf.argmax(tf.stack(matches + [True]), output_type=tf.int32)


def _is_indexed_bmp(data: tf.Tensor, header: tf.Tensor, kind: tf.Tensor) -> tf.Tensor:
    """Whether TensorFlow's decoder would return indices of colours instead of greys."""
    start = 14 + _little_endian(header, [14])[0]
    end = start + 4 * 256

    def has_colors():
        palette = tf.io.decode_raw(tf.strings.substr(data, start, 4 * 256), tf.uint8)
        palette = tf.reshape(palette, [256, 4])[:, :3]
        greys = tf.range(256)[:, tf.newaxis]
        return tf.reduce_any(tf.cast(palette, tf.int32) != greys)

    is_long = (start >= 0) & (end <= tf.cast(tf.strings.length(data), tf.int64))
    bits = header[28]
    indexed = tf.equal(kind, _FORMATS.index("BMP")) & (bits > 0) & (bits < 24)
    return indexed & tf.cond(indexed & is_long, has_colors, lambda: True)


def _big_endian(header: tf.Tensor, places) -> tf.Tensor:
    weights = tf.constant([2**24, 2**16, 2**8, 1], tf.int64)
    return tf.stack([tf.reduce_sum(header[p : p + 4] * weights) for p in places])


def _little_endian(header: tf.Tensor, places, num_bytes=4) -> tf.Tensor:
    weights = tf.constant([256**i for i in range(num_bytes)], tf.int64)
    sums = [tf.reduce_sum(header[p : p + num_bytes] * weights) for p in places]
    numbers = tf.stack(sums)
    # Two's complement: the height of a BMP with rows from top to bottom is negative.
    limit = 2 ** (8 * num_bytes - 1)
    return numbers if num_bytes < 4 else (numbers + limit) % (2 * limit) - limit


def _webp_size(header: tf.Tensor) -> tf.Tensor:
    """[width, height] from the first chunk, lossy, lossless or extended."""
    sizes = [
        _little_endian(header, [26, 28], 2) % 2**14,
        _lossless_webp_size(header),
        _little_endian(header, [24, 27], 3) + 1,
    ]
    marks = [b"VP8 ", b"VP8L", b"VP8X"]
    matches = [tf.reduce_all(tf.equal(header[12:16], list(mark))) for mark in marks]
    sizes.append(tf.zeros([2], tf.int64))
    return tf.gather(tf.stack(sizes), tf.argmax(tf.stack(matches + [True])))


def _lossless_webp_size(header: tf.Tensor) -> tf.Tensor:
    # 14 bits each, lowest first, minus one.
    bits = _little_endian(header, [21], 4)[0] % 2**32
    return tf.stack([bits % 2**14, bits // 2**14 % 2**14]) + 1


def _jpeg_size(data: tf.Tensor) -> tf.Tensor:
    height, width = tf.unstack(tf.io.extract_jpeg_shape(data, tf.int64)[:2])
    return tf.stack([width, height])


def _too_large(size: tf.Tensor) -> tf.Tensor:
    width, height = tf.as_string(size[0]), tf.as_string(size[1])
    limit = f" pixels are more than the {MAX_PIXELS} allowed"
    return tf.strings.join([width, "x", height, limit])
