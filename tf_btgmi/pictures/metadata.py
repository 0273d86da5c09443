"""Metadata of picture files, carried from one file to the next.

Everything is copied unchanged, including the chunks of a PNG, except for thumbnails
(`thumbnails.py`), which still show the contents of the hole, and unreadable EXIF data.
"""

import dataclasses
import re
import struct
import zlib
from typing import Optional

from PIL import Image

from tf_btgmi.pictures import thumbnails
from tf_btgmi.pictures.formats import DAMAGED

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_COLOR = (b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"mDCV", b"cLLI")
_PNG_METADATA = (
    *_PNG_COLOR,
    *(b"pHYs", b"eXIf", b"tIME", b"tEXt", b"zTXt", b"iTXt"),
)
_EXIF_PREFIX = b"Exif\0\0"
_ORIENTATION = 0x0112
_XMP_ORIENTATION = re.compile(
    rb"""<tiff:Orientation>\s*\d\s*</tiff:Orientation>|\stiff:Orientation=["']\d["']"""
)
_XMP, _EXIF_IFD, _GPS_IFD = 700, 0x8769, 0x8825
_PHOTOSHOP, _PHOTOSHOP_LAYERS = 34377, 37724
# Tags of the storage of a TIFF's pixels, and tags that are written otherwise.
_TIFF_STRUCTURE = {
    *(254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 282, 283, 284, 296),
    *(301, 317, 318, 319, 320, 322, 323, 324, 325, 330, 338, 339, 347, 529, 530, 531),
    *(532, 34675, _XMP, _PHOTOSHOP_LAYERS),
}


@dataclasses.dataclass
class Metadata:
    """Metadata of a picture file.

    Attributes:
        exif: EXIF block in the form of JPEG, beginning with `Exif`; may be empty.
        icc: colour profile.
        xmp: XMP packet.
        dpi: pixels per inch, horizontally and vertically.
        comment: a JPEG's comment.
        photoshop: a JPEG's APP13 segment (IPTC).
        png_chunks: the chunks of a PNG.
    """

    exif: bytes = b""
    icc: bytes = b""
    xmp: bytes = b""
    dpi: Optional[tuple[float, float]] = None
    comment: bytes = b""
    photoshop: bytes = b""
    png_chunks: list[tuple[bytes, bytes]] = dataclasses.field(default_factory=list)

    @property
    def orientation(self) -> int:
        """EXIF orientation, 1 to 8; 1 by default."""
        value = self.tags().get(_ORIENTATION, 1)
        return value if value in range(1, 9) else 1

    def tags(self) -> Image.Exif:
        """The parsed EXIF block, without tags of the storage of a TIFF."""
        parsed = Image.Exif()
        if self.exif:
            parsed.load(self.exif)
        return _without_structure(parsed)

    @property
    def has_directories(self) -> bool:
        """Whether there are directories of camera or position data."""
        # `get_ifd` creates an empty directory, which libtiff does not write; here it
        # does so in a new copy of the tags.
        tags = self.tags()
        return any(tags.get_ifd(number) for number in (_EXIF_IFD, _GPS_IFD))

    def contents(self) -> list[str]:
        """Kinds of metadata besides orientation and resolution, in words."""
        has_exif = self.has_directories or bool(set(self.tags()) - {_ORIENTATION})
        kinds = {
            "colour profile": self.icc,
            "camera data (EXIF)": has_exif,
            "XMP data": self.xmp,
        }
        return [word for word, is_there in kinds.items() if is_there]

    def without_orientation(self) -> "Metadata":
        """Metadata for pixels that were rotated upright."""
        tags = self.tags()
        if _ORIENTATION in tags:
            del tags[_ORIENTATION]
        chunks = [chunk for chunk in self.png_chunks if chunk[0] != b"eXIf"]
        xmp = _XMP_ORIENTATION.sub(b"", self.xmp)
        return dataclasses.replace(
            self, exif=tags.tobytes(), xmp=xmp, png_chunks=chunks
        )

    def with_orientation_alone(self) -> "Metadata":
        """Keeps only the orientation of the EXIF block."""
        tags = Image.Exif()
        tags[_ORIENTATION] = self.orientation
        return dataclasses.replace(self, exif=tags.tobytes())

    def without_icc(self) -> "Metadata":
        """Metadata for pixels that the colour profile does not describe."""
        chunks = [chunk for chunk in self.png_chunks if chunk[0] not in _PNG_COLOR]
        return dataclasses.replace(self, icc=b"", png_chunks=chunks)


def read_metadata(stored: Image.Image, data: bytes) -> Metadata:
    """Reads the metadata of an opened picture with the file `data`."""
    info = stored.info
    exif = info.get("exif", b"")
    if stored.format == "TIFF":
        exif = _without_structure(stored.getexif()).tobytes()
    if exif:
        exif = _EXIF_PREFIX + thumbnails.without_exif_thumbnail(
            exif[6 * exif.startswith(_EXIF_PREFIX) :]
        )
        exif = exif if _is_readable(exif) else b""
    xmp = info.get("xmp", b"")
    photoshop = [
        body for name, body in getattr(stored, "applist", ()) if name == "APP13"
    ]
    metadata = Metadata(
        exif=exif,
        icc=info.get("icc_profile") or b"",
        xmp=thumbnails.without_xmp_thumbnails(
            xmp.encode() if isinstance(xmp, str) else bytes(xmp)
        ),
        dpi=info.get("dpi"),
        comment=info.get("comment", b"") if stored.format in ("JPEG", "MPO") else b"",
        photoshop=thumbnails.without_photoshop_thumbnails(b"".join(photoshop[:1])),
    )
    if stored.format == "PNG":
        chunks = [
            (name, thumbnails.without_xmp_thumbnails(body))
            for name, body in png_chunks(data)
            if name in _PNG_METADATA
        ]
        exif_chunk = exif[len(_EXIF_PREFIX) :]
        metadata.png_chunks = [
            (name, exif_chunk if name == b"eXIf" else body)
            for name, body in chunks
            if exif_chunk or name != b"eXIf"
        ]
    return metadata


def chunks_of(metadata: Metadata) -> list[tuple[bytes, bytes]]:
    """Metadata as PNG chunks: those of the picture, or converted."""
    if metadata.png_chunks:
        return metadata.png_chunks
    chunks = []
    if metadata.icc:
        chunks.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc)))
    if metadata.dpi:
        across, down = (round(value / 0.0254) for value in metadata.dpi)
        chunks.append((b"pHYs", struct.pack(">IIB", across, down, 1)))
    if metadata.exif:
        chunks.append((b"eXIf", metadata.exif[len(_EXIF_PREFIX) :]))
    if metadata.xmp:
        chunks.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + metadata.xmp))
    if metadata.comment:
        text = metadata.comment.decode("utf-8", "replace").encode()
        chunks.append((b"iTXt", b"Comment\0\0\0\0\0" + text))
    return chunks


def png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """All chunks of a PNG file, in order."""
    chunks, position = [], len(_PNG_SIGNATURE)
    while position + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        chunks.append((name, data[position + 8 : position + 8 + length]))
        position += length + 12
    return chunks


def png_file(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG file of these chunks."""
    parts = [_PNG_SIGNATURE]
    for name, body in chunks:
        checksum = zlib.crc32(body, zlib.crc32(name))
        parts += [struct.pack(">I", len(body)), name, body, struct.pack(">I", checksum)]
    return b"".join(parts)


def _is_readable(exif: bytes) -> bool:
    """Whether Pillow can read an EXIF block."""
    parsed = Image.Exif()
    try:
        parsed.load(exif)
        _without_structure(parsed)
    except (ValueError, *DAMAGED):
        return False
    return True


def _without_structure(tags: Image.Exif) -> Image.Exif:
    copied = Image.Exif()
    for tag, value in tags.items():
        known = tag != _ORIENTATION or value in range(1, 9)
        if known and tag not in _TIFF_STRUCTURE and tag not in (_EXIF_IFD, _GPS_IFD):
            copied[tag] = value
    if isinstance(copied.get(_PHOTOSHOP), bytes):
        copied[_PHOTOSHOP] = thumbnails.without_photoshop_thumbnails(copied[_PHOTOSHOP])
    for number in (_EXIF_IFD, _GPS_IFD):
        directory = tags.get_ifd(number)
        if directory:
            copied.get_ifd(number).update(directory)
    return copied
