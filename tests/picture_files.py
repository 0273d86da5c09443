"""Picture files made of arrays."""

import io
import struct
import zlib

from PIL import Image


def file_of(pixels, form="PNG", **options) -> bytes:
    """The bytes of a picture file.

    Args:
        pixels: an array, or Pillow's picture.
        form: Pillow's name of the format.
        **options: of Pillow's `save`.
    """
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def png_chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG file, with its length and checksum."""
    checksum = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)


def png_of(rows: bytes, width, height, depth=8, color_type=2) -> bytes:
    """A PNG file, written by hand: whatever its header says, it holds these rows.

    Args:
        rows: their bytes, each row after its filter.
        width: in the header, like the others.
        height: in pixels.
        depth: bits per value.
        color_type: 0 for grey, 2 for RGB.
    """
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts)
