"""Formats of picture files, one list for all readers.

Pillow supports many more, among them formats whose decoders had faults or that contain
programs (PSD, FITS, FLI, EPS). These are never decoded, whatever a file is called.
"""

import struct

from PIL import Image, UnidentifiedImageError, features

from tf_btgmi.pictures import thumbnails

try:
    # Optional: HEIC, a format of phones.
    import pillow_heif
except ImportError:
    pillow_heif = None

# Names of Pillow; PPM includes PBM, PGM and PNM. A JPEG of several pictures, as phones
# write it, is opened as JPEG and then has the format MPO.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
WORDS = "JPEG, PNG, WebP, TIFF, BMP, GIF or PNM"
# Endings of the names of picture files.
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
# Exceptions of Pillow for damaged files, besides ValueError.
DAMAGED = (
    *(OSError, SyntaxError, struct.error, LookupError, TypeError, AttributeError),
    ArithmeticError,
)
# Larger pictures count as decompression bombs: 16384 x 16384, 768 MiB as RGB.
MAX_PIXELS = 2**28
# `open_picture` has a limit for each reader instead.
Image.MAX_IMAGE_PIXELS = None
HEIC_HINT = "pip install pillow-heif, or save as JPEG or PNG"
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
_HOW_TO_SAVE = "save it with 8 or 16 bits"
_SAMPLE_FORMAT, _FLOATING_POINT = 339, 3


class TooLargeError(ValueError):
    """A picture with more pixels than its reader allows."""


def open_picture(file, max_pixels: int = MAX_PIXELS, name: str = "It") -> Image.Image:
    """`PIL.Image.open` for `FORMATS` only, up to a number of pixels.

    Args:
        file: a path or a binary file.
        max_pixels: the largest width x height.
        name: of the file in the message of `TooLargeError`.

    Raises:
        UnidentifiedImageError: another format; the message continues "it is".
        TooLargeError: more pixels, by the header.
        Exception: of Pillow, for a missing or damaged file.
    """
    try:
        image = Image.open(file, formats=FORMATS)
    # Pillow's message repeats the path, or names an object in memory.
    except UnidentifiedImageError:
        raise UnidentifiedImageError(_kind(_first_bytes(file))) from None
    width, height = image.size
    if width * height > max_pixels:
        image.close()
        raise TooLargeError(
            f"{name} has {width}x{height} pixels; the limit is {max_pixels:,}."
        )
    if image.mode == "F":
        kind = f"a floating-point {image.format}; {_HOW_TO_SAVE}"
    elif (image.mode, image.format) == ("I", "TIFF"):
        kind = f"a TIFF of 32-bit or signed numbers; {_HOW_TO_SAVE}"
    else:
        return image
    image.close()
    raise UnidentifiedImageError(kind)


def num_pictures(image: Image.Image) -> int:
    """Number of pictures in an opened file: the frames of an animation, the pages.

    JPEG and HEIC count as one. Phones store previews and further exposures in them, and
    the one that is opened is the photograph.
    """
    if image.format in ("JPEG", "MPO", "HEIF"):
        return 1
    return getattr(image, "n_frames", 1)


def _kind(data: bytes) -> str:
    """Describes a file that Pillow did not open."""
    if not data:
        return "empty"
    if data[4:8] == b"ftyp":
        if data[8:12] in _HEIC_BRANDS and not pillow_heif:
            return f"a HEIC picture, which is not read here: {HEIC_HINT}"
        if data[8:12] in (b"avif", b"avis") and "AVIF" not in FORMATS:
            return "an AVIF picture, which this Pillow does not read: save as PNG"
    try:
        order, first = thumbnails.tiff_header(data)
    except (struct.error, KeyError):
        return f"not a {WORDS} picture"
    try:
        position = thumbnails.tiff_entry(data, order, first, _SAMPLE_FORMAT)
        (count,) = struct.unpack_from(order + "I", data, position - 4)
        if count > 2:
            # Several values are stored elsewhere; the entry has their position.
            (position,) = struct.unpack_from(order + "I", data, position)
        if struct.unpack_from(order + "H", data, position)[0] == _FLOATING_POINT:
            return f"a floating-point TIFF; {_HOW_TO_SAVE}"
    except (struct.error, KeyError, ValueError):
        pass
    return f"a TIFF that is damaged or of a kind that is not read; {_HOW_TO_SAVE}"


def _first_bytes(file) -> bytes:
    if hasattr(file, "seek"):
        file.seek(0)
        return file.read()
    with open(file, "rb") as opened:
        return opened.read()
