"""Pictures of any mode as the network sees them, and back into the file they came from.

The network sees uint8 RGB, upright. Everything else of a picture stays as it was
stored: its mode, depth, turn (EXIF orientation), alpha channel and every known pixel.

How a fill goes into each mode:
- 1-bit: black or white, whichever is nearer. Grey: the luminance.
- Palette: entries that no known pixel uses take on colours of the fill; each filled
  pixel gets the nearest entry. The indices and colours of known pixels stay.
- 16 bits: the fill has 8 bits, times 257.
- CMYK: as much black under the fill as the known pixels have under theirs.
- Alpha, also of a palette: unchanged; a transparent pixel stays transparent.
"""

import dataclasses
import io
from typing import Any, Dict, Optional

import cv2
import numpy as np
from PIL import Image, JpegImagePlugin, UnidentifiedImageError

from tf_btgmi.data.picture_formats import DAMAGED, open_picture
from tf_btgmi.inference import metadata as metadata_lib
from tf_btgmi.inference.holes import bounding_box, is_hole

MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK")
_EIGHT_BIT_MODES = {"PA": "RGBA", "RGBX": "RGB", "YCbCr": "RGB"}
_PNG_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
_MODE_OF_CHANNELS = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_CHUNK = 1 << 14


@dataclasses.dataclass
class Picture:
    """A picture as it is stored.

    Attributes:
        pixels: [H, W] or [H, W, C], uint8 or uint16, in the stored orientation; 1-bit
            is 0 and 255, a palette's are indices.
        mode: one of `MODES`.
        format: of the file it came from, in Pillow's words.
        metadata: what the file says beside the pixels.
        palette: [256, 4] uint8, red to alpha, for mode P.
        encoding: how the file was compressed, for a file of the same format.
    """

    pixels: np.ndarray
    mode: str
    format: str
    metadata: metadata_lib.Metadata
    palette: Optional[np.ndarray] = None
    encoding: Dict[str, Any] = dataclasses.field(default_factory=dict)

    def rgb(self) -> np.ndarray:
        """The picture upright and opaque, uint8 [H, W, 3]."""
        pixels = self.pixels
        if pixels.dtype == np.uint16:
            pixels = cv2.convertScaleAbs(pixels, alpha=1 / 257).reshape(pixels.shape)
        if self.mode == "P":
            pixels = self.palette[:, :3][pixels]
        elif self.mode == "CMYK":
            black = 255 - pixels[..., 3:].astype(np.uint16)
            pixels = ((255 - pixels[..., :3]) * black + 127) // 255
        elif self.mode in ("1", "L", "LA"):
            grey = pixels if pixels.ndim == 2 else pixels[..., 0]
            pixels = np.repeat(grey[..., None], 3, axis=-1)
        pixels = upright(pixels[..., :3], self.metadata.orientation)
        return np.ascontiguousarray(pixels, dtype=np.uint8)

    def filled(self, composite: np.ndarray, mask: np.ndarray) -> "Picture":
        """This picture with the hole taken from `composite`.

        Args:
            composite: uint8 [H, W, 3], upright.
            mask: [H, W], upright, bool, or uint8 with the hole at >= 128.
        """
        orientation = self.metadata.orientation
        y0, x0, y1, x1 = bounding_box(mask)
        if orientation > 1:
            mask = np.ascontiguousarray(as_stored(mask, orientation))
            composite = as_stored(composite, orientation)
            y0, x0, y1, x1 = bounding_box(mask)
        area = np.s_[y0:y1, x0:x1]
        hole = is_hole(mask[area])
        colors = composite[area][hole]
        result = dataclasses.replace(self, pixels=self.pixels.copy())
        part = result.pixels[area]
        if self.mode == "P":
            result.palette = self.palette.copy()
            _fill_palette(result, part, hole, colors)
        elif self.mode == "CMYK":
            part[hole] = _to_cmyk(colors, _black_share(self.pixels))
        else:
            if self.mode in ("1", "L", "LA"):
                colors = _luminance(colors)
            if self.mode == "1":
                colors = np.where(colors >= 128, 255, 0)
            if part.dtype == np.uint16:
                colors = colors.astype(np.uint16) * 257
            channels = 1 if colors.ndim == 1 else 3
            if part.ndim == 2:
                part[hole] = colors
            else:
                part[..., :channels][hole] = colors.reshape(-1, channels)
        return result


def read_picture(path: str) -> Picture:
    """Reads a picture with everything that is needed to write it back.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a picture, damaged, several pictures in one file, or a mode
            that is not known here.
    """
    with open(path, "rb") as file:
        return decode_picture(file.read(), path)


def decode_picture(data: bytes, name: str = "The file") -> Picture:
    """A picture from the bytes of its file; `name` is what messages call it.

    Raises:
        ValueError: as `read_picture`.
    """
    try:
        with open_picture(io.BytesIO(data)) as stored:
            return _decode(name, stored, data)
    except UnidentifiedImageError as error:
        raise ValueError(f"{name} is {error}.") from None
    except Image.DecompressionBombError as error:
        raise ValueError(f"{name} is too large: {error}") from None
    except (*DAMAGED, cv2.error) as error:
        raise ValueError(f"{name} is damaged: {error}.") from None


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Pixels in stored order -> as they are displayed; `orientation` is EXIF's."""
    turns = {
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.swapaxes(0, 1),
        6: lambda p: np.rot90(p, -1),
        7: lambda p: p[::-1, ::-1].swapaxes(0, 1),
        8: lambda p: np.rot90(p),
    }
    return turns[orientation](pixels)


def as_stored(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """The inverse of `upright`."""
    return upright(pixels, {6: 8, 8: 6}.get(orientation, orientation))


def _decode(path: str, stored: Image.Image, data: bytes) -> Picture:
    if getattr(stored, "n_frames", 1) > 1 and stored.format != "MPO":
        raise ValueError(
            f"{path} holds {stored.n_frames} pictures; save the one you mean by itself."
        )
    metadata = metadata_lib.read_metadata(stored, data)
    stored_format = "JPEG" if stored.format == "MPO" else stored.format
    pixels = _sixteen_bits(path, stored, data)
    if pixels is not None:
        mode = _MODE_OF_CHANNELS[1 if pixels.ndim == 2 else pixels.shape[2]]
        return Picture(pixels, mode, stored_format, metadata)
    if stored.format == "TIFF":
        # Pillow would turn the pixels.
        data = metadata_lib.without_tiff_orientation(data)
        stored = open_picture(io.BytesIO(data))
    stored.load()
    encoding = _encoding(stored, data)
    mode = _EIGHT_BIT_MODES.get(stored.mode, stored.mode)
    if mode not in MODES:
        raise ValueError(
            f"{path} has the mode {stored.mode}, which is not one of "
            f"{', '.join(MODES)}; save it as RGB or grey."
        )
    palette = _palette(stored) if mode == "P" else None
    if mode in ("L", "RGB") and "transparency" in stored.info:
        # One colour stands for transparent; a fill might happen to have it.
        mode += "A"
    if mode != stored.mode:
        stored = stored.convert(mode)
    pixels = np.array(stored)
    if mode == "1":
        pixels = pixels.astype(np.uint8) * 255
    return Picture(pixels, mode, stored_format, metadata, palette, encoding)


def _sixteen_bits(path: str, stored: Image.Image, data: bytes):
    """Pixels as uint16 where a PNG or TIFF has 16 bits, otherwise None."""
    # Pillow keeps 16 bits in grey pictures only.
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
        data = metadata_lib.without_tiff_orientation(data)
    else:
        return None
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16:
        raise ValueError(f"{path} is damaged, or of a kind that OpenCV cannot read.")
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    # OpenCV's order is blue, green, red, alpha; grey is in all three.
    order = {1: [0], 2: [0, 3], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
    pixels = np.ascontiguousarray(pixels[..., order])
    if channels in (1, 3) and "transparency" in stored.info:
        visible = (pixels != stored.info["transparency"]).any(axis=-1, keepdims=True)
        pixels = np.concatenate([pixels, visible * np.uint16(65535)], axis=-1)
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels


def _encoding(stored: Image.Image, data: bytes) -> Dict[str, Any]:
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


def _fill_palette(picture: Picture, part, hole, colors) -> None:
    """Fills `part`, a view of the picture's indices, and its unused entries."""
    palette = picture.palette
    opaque = palette[part[hole], 3] == 255
    hole = hole.copy()
    hole[hole] = opaque
    colors = colors[opaque]
    counts = np.bincount(picture.pixels.ravel(), minlength=256)
    counts -= np.bincount(part[hole], minlength=256)
    free = np.flatnonzero(counts == 0)
    if not colors.size:
        return
    if free.size:
        row = Image.fromarray(np.ascontiguousarray(colors[None]))
        wanted = row.quantize(min(free.size, 256)).getpalette("RGB")
        wanted = np.array(wanted, np.uint8).reshape(-1, 3)[: free.size]
        palette[free[: len(wanted)], :3] = wanted
        palette[free[: len(wanted)], 3] = 255
    usable = np.flatnonzero(palette[:, 3] == 255)
    entries = palette[usable, :3].astype(np.float32)
    nearest = np.empty(len(colors), np.uint8)
    for start in range(0, len(colors), _CHUNK):
        some = colors[start : start + _CHUNK].astype(np.float32)
        distance = (entries**2).sum(axis=1) - 2 * some @ entries.T
        nearest[start : start + _CHUNK] = usable[distance.argmin(axis=1)]
    part[hole] = nearest


def _luminance(colors: np.ndarray) -> np.ndarray:
    return (colors @ np.array([0.299, 0.587, 0.114]) + 0.5).astype(np.uint8)


def _black_share(pixels: np.ndarray) -> float:
    """How much of the grey in a CMYK picture is printed in black, 0 to 1."""
    step = max(1, int((pixels.size / 4e6) ** 0.5))
    sample = pixels[::step, ::step].reshape(-1, 4).astype(np.float64)
    black = sample[:, 3]
    light = 255 - (255 - sample[:, :3].min(axis=1)) * (255 - black) / 255
    return float(min(1.0, (black * light).sum() / max((light**2).sum(), 1.0)))


def _to_cmyk(colors: np.ndarray, black_share: float) -> np.ndarray:
    colors = colors.astype(np.float64)
    black = (255 - colors.max(axis=1, keepdims=True)) * black_share
    inks = 255 - colors * 255 / np.maximum(255 - black, 1)
    return np.concatenate([inks, black], axis=1).round().clip(0, 255).astype(np.uint8)
