"""Removes thumbnails from metadata: they still show the contents of the hole.

EXIF has one as a JPEG in its second directory, Photoshop one in its resources, XMP any
number as base64. Thumbnails in the notes of cameras (MakerNote) are not found.
"""

import re
import struct

_SEGMENT = b"Photoshop 3.0\0"
_SIGNATURES = (b"8BIM", b"MeSa", b"AgHg", b"PHUT", b"DCSR")
# Resources of Photoshop 4, and of 5 and later.
_THUMBNAILS = (0x0409, 0x040C)
_XMP_THUMBNAILS = re.compile(rb"<xmp:Thumbnails\b.*?</xmp:Thumbnails\s*>", re.DOTALL)


def without_exif_thumbnail(tiff: bytes) -> bytes:
    """Blanks the thumbnail of an EXIF block, which starts with its TIFF header."""
    try:
        order, first = tiff_header(tiff)
        (count,) = struct.unpack_from(order + "H", tiff, first)
        link = first + 2 + 12 * count
        (second,) = struct.unpack_from(order + "I", tiff, link)
        if not second:
            return tiff
        place = [
            struct.unpack_from(order + "I", tiff, tiff_entry(tiff, order, second, tag))
            for tag in (0x0201, 0x0202)
        ]
    except (struct.error, KeyError, ValueError):
        return tiff
    (start,), (length,) = place
    blanked = bytearray(tiff)
    blanked[link : link + 4] = bytes(4)
    length = max(0, min(length, len(tiff) - start))
    blanked[start : start + length] = bytes(length)
    return bytes(blanked)


def without_photoshop_thumbnails(resources: bytes) -> bytes:
    """Removes thumbnails from Photoshop's resources (APP13 segment or TIFF tag).

    Everything after a damaged resource is removed.
    """
    position = len(_SEGMENT) * resources.startswith(_SEGMENT)
    parts = [resources[:position]]
    while resources[position : position + 4] in _SIGNATURES:
        try:
            (number, name) = struct.unpack_from(">HB", resources, position + 4)
            # Name and data are padded to even lengths.
            data = position + 6 + (name // 2 + 1) * 2 + 4
            (length,) = struct.unpack_from(">I", resources, data - 4)
        except struct.error:
            break
        if data + length > len(resources):
            break
        end = data + length + length % 2
        if number not in _THUMBNAILS:
            parts.append(resources[position:end])
        position = end
    return b"".join(parts) if len(parts) > 1 else b""


def without_xmp_thumbnails(packet: bytes) -> bytes:
    """Removes thumbnails from an XMP packet, or from bytes that contain one."""
    return _XMP_THUMBNAILS.sub(b"", packet)


def tiff_header(data: bytes) -> tuple[str, int]:
    """Byte order in the notation of `struct`, and position of the first directory."""
    order = {b"II*\0": "<", b"MM\0*": ">"}[data[:4]]
    return order, struct.unpack_from(order + "I", data, 4)[0]


def tiff_entry(data: bytes, order: str, directory: int, tag: int) -> int:
    """Position of the value of a tag."""
    (count,) = struct.unpack_from(order + "H", data, directory)
    for entry in range(directory + 2, directory + 2 + 12 * count, 12):
        if struct.unpack_from(order + "H", data, entry)[0] == tag:
            return entry + 8
    raise KeyError(tag)
