"""Writes a picture in the format of its file extension.

Size, mode, depth and metadata are preserved if the format supports them; otherwise they
are converted, with a note. PNG, TIFF, BMP and WebP are lossless, WebP only if the
source is lossless. A JPEG made of a JPEG uses its quantization tables and subsampling:
known pixels changed by 0.04 levels on average over 20 photographs (0.16 with subsampled
colour), more in blocks that touch a hole. A JPEG of another format has quality 95 and
no subsampling. TIFF with camera data (EXIF directories) is not compressed, because
Pillow cannot.
"""

import dataclasses
import io
import os
import struct

import numpy as np
import tifffile
from PIL import Image

from tf_btgmi import files
from tf_btgmi.pictures import metadata as metadata_lib
from tf_btgmi.pictures import png_rows
from tf_btgmi.pictures.picture import Picture, in_depth, upright

FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
    ".bmp": "BMP",
}
_MODES = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA"),
    "JPEG": ("L", "RGB", "CMYK"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK"),
    "WEBP": ("RGB", "RGBA"),
    "BMP": ("1", "L", "P", "RGB"),
}
_SIXTEEN_BITS = ("PNG", "TIFF")
# Formats whose palettes have no alpha channel.
_OPAQUE_PALETTES = ("TIFF", "BMP")
_LOSSY = ("JPEG", "WEBP")
_LOSSLESS_TIFF = ("raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits")
_ICC_SPACES = {"CMYK": b"CMYK", "1": b"GRAY", "L": b"GRAY", "LA": b"GRAY"}
_QUALITY = 95
# Data that safely fits into one segment of a JPEG, in bytes.
_SEGMENT = 65_500


def format_of(path: str) -> str:
    """Pillow's name of the format of a path.

    Raises:
        ValueError: a file extension without a format.
    """
    ending = os.path.splitext(path)[1].lower()
    if ending not in FORMATS:
        raise ValueError(
            f"{path}: pictures are written as {', '.join(FORMATS)}; the file "
            f"extension is {ending or 'missing'}."
        )
    return FORMATS[ending]


def write_picture(picture: Picture, path: str) -> list[str]:
    """Writes a picture, atomically.

    Returns:
        One sentence per loss in the format.

    Raises:
        ValueError: an unknown file extension, or a picture that the format does not
            support.
        OSError: the file cannot be written.
    """
    data, notes = encode_picture(picture, format_of(path), path)
    files.write(path, data)
    return notes


def encode_picture(
    picture: Picture, target: str, name: str = "The picture"
) -> tuple[bytes, list[str]]:
    """Encodes a picture in the format `target`, a value of `FORMATS`.

    Returns:
        The bytes of the file, and one sentence per loss in the format.

    Raises:
        ValueError: the format does not support the picture, which is called `name`.
    """
    picture, notes = _converted(picture, target)
    try:
        return _ENCODERS[target](picture, notes), notes
    except (OSError, ValueError, RuntimeError, TypeError, struct.error) as error:
        raise ValueError(f"{name} cannot be written: {error}.") from None


def encode_png(pixels: np.ndarray, compress_level: int = 6, icc: bytes = b"") -> bytes:
    """PNG file of an array, uint8 [H, W], [H, W, 3] or [H, W, 4], by Pillow.

    For small pictures and masks it takes less time than `encode_picture`.
    """
    file = io.BytesIO()
    Image.fromarray(pixels).save(
        file, "PNG", compress_level=compress_level, icc_profile=icc
    )
    return file.getvalue()


def _converted(picture: Picture, target: str) -> tuple[Picture, list[str]]:
    notes = []
    if picture.format != target:
        picture = dataclasses.replace(picture, encoding={})
    if picture.pixels.dtype == np.uint16 and target not in _SIXTEEN_BITS:
        pixels = in_depth(picture.pixels, np.uint8)
        picture = dataclasses.replace(picture, pixels=pixels)
        notes.append(f"reduced from 16 to 8 bits, the most that {target} stores")
    if picture.pixels.dtype == np.uint16 and picture.mode == "LA" and target == "TIFF":
        # Pillow reads no 16-bit TIFF of grey and alpha.
        pixels = picture.pixels[..., [0, 0, 0, 1]]
        picture = dataclasses.replace(picture, pixels=pixels, mode="RGBA")
    loses_alpha = target in _OPAQUE_PALETTES and _has_transparent_entry(picture)
    if picture.mode not in _MODES[target] or loses_alpha:
        mode, image = _nearest_mode(picture, target, notes)
        picture = dataclasses.replace(
            picture, pixels=np.array(image), mode=mode, palette=None
        )
    icc = picture.metadata.icc
    if icc and icc[16:20] != _ICC_SPACES.get(picture.mode, b"RGB "):
        picture = dataclasses.replace(picture, metadata=picture.metadata.without_icc())
        notes.append(f"colour profile left out: it is not for mode {picture.mode}")
    if target == "BMP":
        lost = picture.metadata.contents()
        if lost:
            notes.append(f"left out, since BMP stores none: {', '.join(lost)}")
    # Many programs ignore the orientation of a PNG, which a PNG keeps that had one.
    is_turned = target == "BMP" or (target == "PNG" and picture.format != "PNG")
    if is_turned and picture.metadata.orientation > 1:
        turned = upright(picture.pixels, picture.metadata.orientation)
        picture = dataclasses.replace(
            picture,
            pixels=np.ascontiguousarray(turned),
            metadata=picture.metadata.without_orientation(),
        )
        if target == "BMP":
            notes.append("turned upright, since BMP stores no orientation")
    return picture, notes


def _has_transparent_entry(picture: Picture) -> bool:
    """Whether some pixel of a picture with a palette is not opaque."""
    if picture.mode != "P":
        return False
    return bool((picture.palette[picture.pixels, 3] < 255).any())


def _nearest_mode(picture: Picture, target: str, notes: list[str]):
    image = _image(picture)
    transparent = picture.mode in ("LA", "RGBA")
    if picture.mode == "P":
        transparent = _has_transparent_entry(picture)
        image = image.convert("RGBA" if transparent else "RGB")
    if transparent and "RGBA" in _MODES[target]:
        return "RGBA", image.convert("RGBA")
    if transparent:
        notes.append(f"transparency replaced by white, since {target} has none")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    grey = picture.mode in ("1", "L", "LA") and "L" in _MODES[target]
    mode = "L" if grey else "RGB"
    if not transparent and picture.mode != "L":
        notes.append(f"converted from mode {picture.mode} to {mode} for {target}")
    return mode, image.convert(mode)


def _png(picture: Picture, notes: list[str]) -> bytes:
    if picture.mode in ("1", "P"):
        chunks = metadata_lib.png_chunks(_saved(picture, "PNG"))
    else:
        chunks = _png_chunks(picture.pixels)
    extra = metadata_lib.chunks_of(picture.metadata)
    return metadata_lib.png_file([chunks[0], *extra, *chunks[1:]])


def _png_chunks(pixels: np.ndarray) -> list:
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    depth = 8 * pixels.dtype.itemsize
    header = b"".join(number.to_bytes(4, "big") for number in (width, height))
    header += bytes([depth, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0])
    if depth == 16:
        pixels = pixels.astype(">u2")
    rows = np.ascontiguousarray(pixels).reshape(height, -1).view(np.uint8)
    parts = png_rows.compressed(rows, channels * depth // 8)
    body = [(b"IDAT", part) for part in parts]
    return [(b"IHDR", header), *body, (b"IEND", b"")]


def _jpeg(picture: Picture, notes: list[str]) -> bytes:
    options = picture.encoding or {"quality": _QUALITY, "subsampling": 0}
    metadata = picture.metadata
    if len(metadata.exif) > _SEGMENT:
        metadata = metadata.with_orientation_alone()
        notes.append("camera data left out: JPEG stores at most 64 KB")
    if len(metadata.xmp) > _SEGMENT:
        metadata = dataclasses.replace(metadata, xmp=b"")
        notes.append("XMP data left out: JPEG stores at most 64 KB")
    options = dict(options, **_common(metadata), comment=metadata.comment)
    if metadata.xmp:
        options["xmp"] = metadata.xmp
    if metadata.photoshop:
        length = (len(metadata.photoshop) + 2).to_bytes(2, "big")
        options["extra"] = b"\xff\xed" + length + metadata.photoshop
    return _saved(picture, "JPEG", **options)


def _webp(picture: Picture, notes: list[str]) -> bytes:
    options = {"lossless": True, "exact": True}
    if picture.format in _LOSSY and not picture.encoding.get("lossless"):
        options = {"quality": _QUALITY}
    options.update(_common(picture.metadata), xmp=picture.metadata.xmp)
    return _saved(picture, "WEBP", **options)


def _bmp(picture: Picture, notes: list[str]) -> bytes:
    dpi = picture.metadata.dpi
    return _saved(picture, "BMP", **({"dpi": dpi} if dpi else {}))


def _tiff(picture: Picture, notes: list[str]) -> bytes:
    tags = picture.metadata.tags()
    if picture.pixels.dtype == np.uint16:
        if picture.metadata.has_directories:
            notes.append("camera data left out of the 16-bit TIFF")
        return _sixteen_bit_tiff(picture.pixels, picture.metadata)
    if picture.metadata.xmp:
        tags[700] = picture.metadata.xmp
    compression = picture.encoding.get("compression")
    if compression not in _LOSSLESS_TIFF:
        compression = "tiff_adobe_deflate"
    if picture.metadata.has_directories:
        compression = "raw"
    options = dict(_common(picture.metadata), exif=tags.tobytes())
    options["compression"] = compression
    return _saved(picture, "TIFF", **options)


def _sixteen_bit_tiff(pixels: np.ndarray, metadata) -> bytes:
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    extra_tags = []
    for tag, value in metadata.tags().items():
        if isinstance(value, str):
            extra_tags.append((tag, 2, 0, value, True))
        elif isinstance(value, bytes):
            extra_tags.append((tag, 7, len(value), value, True))
        elif isinstance(value, int) and 0 <= value < 1 << 16:
            extra_tags.append((tag, 3, 1, value, True))
    if metadata.xmp:
        extra_tags.append((700, 1, len(metadata.xmp), metadata.xmp, True))
    options = {}
    if metadata.dpi:
        options = {"resolution": metadata.dpi, "resolutionunit": 2}
    if channels > 1:
        options["planarconfig"] = "contig"
    if channels == 4:
        options["extrasamples"] = [2]
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        pixels,
        photometric="rgb" if channels > 2 else "minisblack",
        compression="zlib",
        iccprofile=metadata.icc or None,
        extratags=extra_tags,
        metadata=None,
        software=False,
        **options,
    )
    return file.getvalue()


def _common(metadata) -> dict:
    options = {"exif": metadata.exif, "icc_profile": metadata.icc or None}
    if metadata.dpi:
        options["dpi"] = metadata.dpi
    return options


def _saved(picture: Picture, target: str, **options) -> bytes:
    image = _image(picture)
    file = io.BytesIO()
    image.save(file, target, **options)
    return file.getvalue()


def _image(picture: Picture) -> Image.Image:
    if picture.mode == "1":
        return Image.fromarray(picture.pixels).convert("1", dither=Image.Dither.NONE)
    height, width = picture.pixels.shape[:2]
    data = np.ascontiguousarray(picture.pixels).tobytes()
    image = Image.frombytes(picture.mode, (width, height), data)
    if picture.mode == "P":
        image.putpalette(picture.palette[:, :3].tobytes(), "RGB")
        alpha = picture.palette[:, 3]
        if (alpha < 255).any():
            image.info["transparency"] = alpha.tobytes()
    return image


_ENCODERS = {"PNG": _png, "JPEG": _jpeg, "TIFF": _tiff, "WEBP": _webp, "BMP": _bmp}
