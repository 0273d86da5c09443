"""Formats of picture files: one list for everything that opens one.

Pillow knows many more, among them ones whose decoders had faults or that have programs
in them (PSD, FITS, FLI, EPS). Those are not reached, whatever a file is called.
"""

import struct

from PIL import Image, UnidentifiedImageError, features

from tf_btgmi.pictures import thumbnails

try:
    # Optional: HEIC, as phones write it.
    import pillow_heif
except ImportError:
    pillow_heif = None

# In Pillow's words; PPM stands for PBM, PGM and PNM too. A JPEG of several pictures,
# which phones write, is opened as a JPEG and then says that it is an MPO.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
WORDS = "JPEG, PNG, WebP, TIFF, BMP, GIF or PNM"
# What a picture's name ends in.
ENDINGS = (
    *(".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm"),
    *(".tif", ".tiff", ".webp"),
)
if features.check("avif"):
    FORMATS += ("AVIF",)
    WORDS = WORDS.replace("GIF or PNM", "GIF, PNM or AVIF")
    ENDINGS += (".avif",)
if pillow_heif:
    pillow_heif.register_heif_opener()
    FORMATS += ("HEIF",)
    WORDS = WORDS.replace(" or ", ", ") + " or HEIC"
    ENDINGS += (".heic", ".heif")
# What Pillow raises over damaged files, beside ValueError.
DAMAGED = (
    *(OSError, SyntaxError, struct.error, LookupError, TypeError, AttributeError),
    *(ArithmeticError, Image.DecompressionBombError),
)
HEIC_HINT = "pip install pillow-heif, or save as JPEG or PNG"
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
_SAMPLE_FORMAT, _FLOATING_POINT = 339, 3


def open_picture(file) -> Image.Image:
    """`PIL.Image.open` for the formats of `FORMATS` alone.

    Args:
        file: a path or a binary file.

    Raises:
        UnidentifiedImageError: it is of none of them, or of a kind that is not read;
            the text goes on from "it is".
        Exception: whatever else Pillow raises for a missing or damaged file.
    """
    try:
        image = Image.open(file, formats=FORMATS)
    # Pillow's text names a path for the second time, or an object in memory.
    except UnidentifiedImageError:
        raise UnidentifiedImageError(_kind(_first_bytes(file))) from None
    if image.mode == "F":
        image.close()
        raise UnidentifiedImageError(_FLOATING_TIFF)
    return image


_FLOATING_TIFF = "a floating-point TIFF; save it with 8 or 16 bits"


def _kind(data: bytes) -> str:
    """What a file is that Pillow did not open."""
    if data[4:8] == b"ftyp":
        if data[8:12] in _HEIC_BRANDS and not pillow_heif:
            return f"a HEIC picture, which is not read here: {HEIC_HINT}"
        if data[8:12] in (b"avif", b"avis") and "AVIF" not in FORMATS:
            return "an AVIF picture, which this Pillow does not read: save as PNG"
    try:
        order, first = thumbnails.tiff_header(data)
        position = thumbnails.tiff_entry(data, order, first, _SAMPLE_FORMAT)
        (count,) = struct.unpack_from(order + "I", data, position - 4)
        if count > 2:
            # The values do not fit into the entry: it has their place.
            (position,) = struct.unpack_from(order + "I", data, position)
        if struct.unpack_from(order + "H", data, position)[0] == _FLOATING_POINT:
            return _FLOATING_TIFF
    except (struct.error, KeyError, ValueError):
        pass
    return f"not a {WORDS} picture"


def _first_bytes(file) -> bytes:
    if hasattr(file, "seek"):
        file.seek(0)
        return file.read()
    with open(file, "rb") as opened:
        return opened.read()
