"""Pictures of any mode: upright RGB for the network, and fills in the stored mode.

The network sees upright uint8 RGB. Mode, depth, EXIF orientation, alpha channel and
known pixels of a picture are preserved. Fills are converted to its mode:

- 1 bit: black or white, whichever is nearer. Grey: the luminance.
- Palette: entries that no known pixel uses are replaced by colours of the fill, and
  each filled pixel gets the nearest entry. Known pixels keep index and colour.
- 16 bits: a 16-bit fill unchanged, an 8-bit fill times 257.
- CMYK: with the share of black of the known pixels.
- Alpha, also of a palette: a fill is opaque; recolouring keeps the alpha channel.
"""

import dataclasses
from typing import Any, Optional

import cv2
import numpy as np
from PIL import Image

from tf_btgmi.pictures import metadata as metadata_lib
from tf_btgmi.pictures.extended_colors import visible_colors
from tf_btgmi.pictures.levels import LUMA, rounded
from tf_btgmi.pictures.mask_arrays import bounding_box, is_hole

MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK")
_GREY_MODES = ("1", "L", "LA")
_CHUNK = 1 << 14


@dataclasses.dataclass
class Picture:
    """A picture as stored.

    Attributes:
        pixels: [H, W] or [H, W, C], uint8 or uint16, in the stored orientation; 0 and
            255 for mode 1, indices for mode P.
        mode: one of `MODES`.
        format: Pillow's name of the format of its file.
        metadata: metadata of its file.
        palette: [256, 4] uint8, red to alpha, for mode P.
        encoding: compression settings, for a file of the same format.
    """

    pixels: np.ndarray
    mode: str
    format: str
    metadata: metadata_lib.Metadata
    palette: Optional[np.ndarray] = None
    encoding: dict[str, Any] = dataclasses.field(default_factory=dict)

    def rgb(self, sixteen_bits: bool = False) -> np.ndarray:
        """The picture upright and opaque, [H, W, 3].

        Pixels that are completely transparent have the colours of the nearest others.

        Args:
            sixteen_bits: whether 16-bit pictures are returned as uint16.
        """
        return visible_colors(self.stored_rgb(sixteen_bits), self.alpha())

    def stored_rgb(self, sixteen_bits: bool = False) -> np.ndarray:
        """As `rgb`, with the stored colours of transparent pixels, too."""
        if self.mode in _GREY_MODES:
            return cv2.merge([self.grey(sixteen_bits)] * 3)
        pixels = self.pixels
        if not sixteen_bits:
            pixels = in_depth(pixels, np.uint8)
        if self.mode == "P":
            pixels = self.palette[:, :3][pixels]
        elif self.mode == "CMYK":
            black = 255 - pixels[..., 3:].astype(np.uint16)
            pixels = ((255 - pixels[..., :3]) * black + 127) // 255
            pixels = pixels.astype(np.uint8)
        pixels = upright(pixels[..., :3], self.metadata.orientation)
        return np.ascontiguousarray(pixels)

    def grey(self, sixteen_bits: bool = False) -> Optional[np.ndarray]:
        """The upright grey levels, [H, W]; None for a mode with colours.

        Args:
            sixteen_bits: as for `rgb`.
        """
        if self.mode not in _GREY_MODES:
            return None
        grey = self.pixels if self.pixels.ndim == 2 else self.pixels[..., 0]
        if not sixteen_bits:
            grey = in_depth(grey, np.uint8)
        return np.ascontiguousarray(upright(grey, self.metadata.orientation))

    def alpha(self) -> Optional[np.ndarray]:
        """The upright alpha channel, uint8 [H, W]; None without one."""
        if self.mode == "P":
            alpha = self.palette[:, 3][self.pixels]
        elif self.mode in ("LA", "RGBA"):
            alpha = self.pixels[..., -1]
        else:
            return None
        alpha = in_depth(alpha, np.uint8)
        return np.ascontiguousarray(upright(alpha, self.metadata.orientation))

    def filled(
        self, composite: np.ndarray, mask: np.ndarray, opaque: bool = True
    ) -> "Picture":
        """This picture with the hole taken from `composite`.

        Args:
            composite: uint8 [H, W, 3], upright; may be uint16 for a 16-bit picture.
            mask: [H, W], upright, bool, or uint8 with the hole at >= 128.
            opaque: whether the hole becomes opaque.
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
            _fill_palette(result, part, hole, colors, opaque)
        elif self.mode == "CMYK":
            part[hole] = _to_cmyk(colors, _black_share(self.pixels))
        else:
            if self.mode in _GREY_MODES:
                colors = _luminance(colors)
            if self.mode == "1":
                colors = np.where(colors >= 128, 255, 0)
            if part.dtype == np.uint16:
                colors = in_depth(colors, np.uint16)
            channels = 1 if colors.ndim == 1 else 3
            if part.ndim == 2:
                part[hole] = colors
            else:
                part[..., :channels][hole] = colors.reshape(-1, channels)
                if opaque and part.shape[2] > channels:
                    part[..., channels][hole] = np.iinfo(part.dtype).max
        return result


def in_depth(pixels: np.ndarray, depth) -> np.ndarray:
    """Converts pixels of uint8 or uint16 to one of these: times 257, or rounded."""
    if pixels.dtype == depth:
        return pixels
    if depth == np.uint16:
        return pixels.astype(np.uint16) * np.uint16(257)
    return cv2.convertScaleAbs(pixels, alpha=1 / 257).reshape(pixels.shape)


def with_alpha(image: np.ndarray, alpha: Optional[np.ndarray]) -> np.ndarray:
    """Appends an alpha channel, if there is one, in the depth of the picture.

    Args:
        image: uint8 or uint16 [H, W, 3].
        alpha: uint8 or uint16 [H, W], or None.
    """
    if alpha is None:
        return image
    return np.dstack([image, in_depth(alpha, image.dtype)])


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Rotates and mirrors stored pixels for display, by the EXIF orientation."""
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


def _fill_palette(picture: Picture, part, hole, colors, opaque: bool) -> None:
    """Fills `part`, a view of the picture's indices, and unused palette entries."""
    palette = picture.palette
    if not opaque:
        is_opaque = palette[part[hole], 3] == 255
        hole = hole.copy()
        hole[hole] = is_opaque
        colors = colors[is_opaque]
    counts = np.bincount(picture.pixels.ravel(), minlength=256)
    counts -= np.bincount(part[hole], minlength=256)
    free = np.flatnonzero(counts == 0)
    if not colors.size:
        return
    if free.size:
        row = Image.fromarray(np.ascontiguousarray(colors[None]))
        added = row.quantize(min(free.size, 256)).getpalette("RGB")
        added = np.array(added, np.uint8).reshape(-1, 3)[: free.size]
        palette[free[: len(added)], :3] = added
        palette[free[: len(added)], 3] = 255
    usable = np.flatnonzero(palette[:, 3] == 255)
    if not usable.size:
        # Known pixels use all entries, and all are transparent.
        usable = np.arange(256)
    entries = palette[usable, :3].astype(np.float32)
    nearest = np.empty(len(colors), np.uint8)
    for start in range(0, len(colors), _CHUNK):
        some = colors[start : start + _CHUNK].astype(np.float32)
        distance = (entries**2).sum(axis=1) - 2 * some @ entries.T
        nearest[start : start + _CHUNK] = usable[distance.argmin(axis=1)]
    part[hole] = nearest


def _luminance(colors: np.ndarray) -> np.ndarray:
    return (colors @ np.array(LUMA) + 0.5).astype(colors.dtype)


def _black_share(pixels: np.ndarray) -> float:
    """Share of the grey component that a CMYK picture prints in black, 0 to 1."""
    step = max(1, int((pixels.size / 4e6) ** 0.5))
    sample = pixels[::step, ::step].reshape(-1, 4).astype(np.float64)
    black = sample[:, 3]
    light = 255 - (255 - sample[:, :3].min(axis=1)) * (255 - black) / 255
    return float(min(1.0, (black * light).sum() / max((light**2).sum(), 1.0)))


def _to_cmyk(colors: np.ndarray, black_share: float) -> np.ndarray:
    colors = colors.astype(np.float64)
    black = (255 - colors.max(axis=1, keepdims=True)) * black_share
    inks = 255 - colors * 255 / np.maximum(255 - black, 1)
    return rounded(np.concatenate([inks, black], axis=1))
