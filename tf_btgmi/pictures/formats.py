"""Which formats of picture files are read: one list for everything that opens one.

Pillow knows many more, among them ones whose decoders had faults or that have programs
in them (PSD, FITS, FLI, EPS). Those are not reached, whatever a file is called.
"""

import struct

from PIL import Image, UnidentifiedImageError

# In Pillow's words; PPM stands for PBM, PGM and PNM too. A JPEG of several pictures,
# which phones write, is opened as a JPEG and then says that it is an MPO.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
WORDS = "JPEG, PNG, WebP, TIFF, BMP, GIF or PNM"
# What Pillow raises over damaged files, beside ValueError.
DAMAGED = (
    *(OSError, SyntaxError, struct.error, LookupError, TypeError, AttributeError),
    *(ArithmeticError, Image.DecompressionBombError),
)


def open_picture(file) -> Image.Image:
    """`PIL.Image.open` for the formats of `FORMATS` alone.

    Args:
        file: a path or a binary file.

    Raises:
        UnidentifiedImageError: it is of none of them; the text goes on from "it is".
        Exception: whatever else Pillow raises for a missing or damaged file.
    """
    try:
        return Image.open(file, formats=FORMATS)
    # Pillow's text names a path for the second time, or an object in memory.
    except UnidentifiedImageError:
        raise UnidentifiedImageError(f"not a {WORDS} picture") from None
