"""Reads a picture and everything that `writer` needs to write it back.

Pixels keep their stored mode, depth and orientation, even where Pillow would rotate
them or reduce 16 bits to 8.
"""

import io
from typing import Any

import cv2
import numpy as np
from PIL import Image, JpegImagePlugin, UnidentifiedImageError

from tf_btgmi.pictures import metadata as metadata_lib
from tf_btgmi.pictures.formats import (
    DAMAGED,
    TooLargeError,
    num_pictures,
    open_picture,
)
from tf_btgmi.pictures.picture import MODES, Picture, as_stored

_EIGHT_BIT_MODES = {"PA": "RGBA", "RGBX": "RGB", "YCbCr": "RGB"}
_PNG_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
# Against files that claim to be larger than any picture: 4 GiB as RGBA.
MAX_PIXELS = 1 << 30
# Value of TIFF's ExtraSamples.
_PREMULTIPLIED = 1
_MODE_OF_CHANNELS = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def read_picture(path: str) -> Picture:
    """Reads a picture.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a picture, damaged, several pictures in one file, or an
            unsupported mode.
    """
    with open(path, "rb") as file:
        return decode_picture(file.read(), path)


def decode_picture(
    data: bytes, name: str = "The file", max_pixels: int = MAX_PIXELS
) -> Picture:
    """Decodes the bytes of a picture file; messages call it `name`.

    Raises:
        ValueError: as `read_picture`; `TooLargeError` above `max_pixels`.
    """
    try:
        with open_picture(io.BytesIO(data), max_pixels, name) as stored:
            return _decode(name, stored, data)
    except UnidentifiedImageError as error:
        raise ValueError(f"{name} is {error}.") from None
    except TooLargeError:
        raise
    except (*DAMAGED, cv2.error) as error:
        raise ValueError(f"{name} is damaged: {error}.") from None


def _decode(path: str, stored: Image.Image, data: bytes) -> Picture:
    if num_pictures(stored) > 1:
        raise ValueError(
            f"{path} holds {num_pictures(stored)} pictures; save the one you need as a "
            "file of its own."
        )
    metadata = metadata_lib.read_metadata(stored, data)
    stored_format = "JPEG" if stored.format == "MPO" else stored.format
    pixels = _sixteen_bits(path, stored, data)
    if pixels is not None:
        pixels = _as_stored(pixels, stored_format, metadata)
        mode = _MODE_OF_CHANNELS[1 if pixels.ndim == 2 else pixels.shape[2]]
        return Picture(pixels, mode, stored_format, metadata)
    stored.load()
    encoding = _encoding(stored, data)
    if stored.mode == "I" and stored.format == "PPM":
        # A PGM of more than 8 bits, scaled to 16 by Pillow.
        pixels = np.array(stored).astype(np.uint16)
        return Picture(pixels, "L", stored_format, metadata)
    mode = _EIGHT_BIT_MODES.get(stored.mode, stored.mode)
    if mode not in MODES:
        raise ValueError(
            f"{path} has the mode {stored.mode}, which is not one of "
            f"{', '.join(MODES)}; save it as RGB or grey."
        )
    palette = _palette(stored) if mode == "P" else None
    if mode in ("1", "L", "RGB") and "transparency" in stored.info:
        # One colour means transparent; a fill might contain it.
        mode = "RGBA" if mode == "RGB" else "LA"
    if mode != stored.mode:
        stored = stored.convert(mode)
    pixels = np.array(stored)
    if mode == "1":
        pixels = pixels.astype(np.uint8) * 255
    pixels = _as_stored(pixels, stored_format, metadata)
    return Picture(pixels, mode, stored_format, metadata, palette, encoding)


def _as_stored(pixels: np.ndarray, stored_format: str, metadata) -> np.ndarray:
    """The decoder's pixels in stored orientation: TIFFs come upright from decoders."""
    if stored_format != "TIFF":
        return pixels
    return np.ascontiguousarray(as_stored(pixels, metadata.orientation))


def _sixteen_bits(path: str, stored: Image.Image, data: bytes):
    """The pixels of a 16-bit PNG, TIFF or PPM as uint16, otherwise None."""
    largest = 65535
    # Pillow supports 16 bits only for grey pictures.
    if stored.format == "PNG" and data[24] == 16:
        channels = _PNG_CHANNELS[data[25]]
    elif stored.format == "TIFF" and 16 in stored.tag_v2.get(258, ()):
        channels = stored.tag_v2.get(277, 1)
        plain = stored.tag_v2.get(262) in (1, 2) and channels in (1, 3, 4)
        if not plain or set(stored.tag_v2.get(339, (1,))) != {1}:
            raise ValueError(
                f"{path} is a 16-bit TIFF that is neither grey nor RGB(A) in whole "
                "numbers; save it as one of these."
            )
        if channels > 1 and stored.tag_v2.get(284, 1) != 1:
            raise ValueError(
                f"{path} is a 16-bit TIFF that holds its channels one after the other; "
                "save it with interleaved channels, or as a PNG."
            )
    elif stored.format == "PPM" and stored.mode == "RGB" and _ppm_maximum(stored) > 255:
        channels, largest = 3, _ppm_maximum(stored)
    else:
        return None
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16:
        raise ValueError(f"{path} is damaged, or of a kind that OpenCV cannot read.")
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    # OpenCV's order is blue, green, red, alpha; grey is in all three colours.
    order = {1: [0], 2: [0, 3], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
    pixels = np.ascontiguousarray(pixels[..., order])
    if largest != 65535:
        pixels = np.rint(pixels * (65535 / largest)).astype(np.uint16)
    if stored.format == "TIFF" and stored.tag_v2.get(338) == (_PREMULTIPLIED,):
        shares = np.maximum(pixels[..., 3:], 1) / 65535
        colors = np.rint(np.minimum(pixels[..., :3] / shares, 65535))
        pixels[..., :3] = colors
    if channels in (1, 3) and "transparency" in stored.info:
        visible = (pixels != stored.info["transparency"]).any(axis=-1, keepdims=True)
        pixels = np.concatenate([pixels, visible * np.uint16(65535)], axis=-1)
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels


def _ppm_maximum(stored: Image.Image) -> int:
    """The level of white of a PPM, from its header."""
    arguments = stored.tile[0][3]
    return arguments[1] if isinstance(arguments, tuple) else 255


def _encoding(stored: Image.Image, data: bytes) -> dict[str, Any]:
    if stored.format in ("JPEG", "MPO"):
        encoding = {"qtables": stored.quantization}
        sampling = JpegImagePlugin.get_sampling(stored)
        if sampling >= 0:
            encoding["subsampling"] = sampling
        if stored.info.get("progressive"):
            encoding["progressive"] = True
        return encoding
    if stored.format == "TIFF":
        return {"compression": stored.info.get("compression", "raw")}
    if stored.format == "WEBP":
        return {"lossless": b"VP8L" in _webp_chunks(data)}
    return {}


def _webp_chunks(data: bytes) -> set:
    names, position = set(), 12
    while position + 8 <= len(data):
        names.add(data[position : position + 4])
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        position += 8 + length + length % 2
    return names


def _palette(stored: Image.Image) -> np.ndarray:
    colors = np.array(stored.getpalette("RGB"), np.uint8).reshape(-1, 3)
    palette = np.zeros((256, 4), np.uint8)
    palette[:, 3] = 255
    palette[: len(colors), :3] = colors
    transparency = stored.info.get("transparency")
    if isinstance(transparency, int):
        palette[transparency, 3] = 0
    elif transparency:
        palette[: len(transparency), 3] = np.frombuffer(transparency, np.uint8)
    return palette
