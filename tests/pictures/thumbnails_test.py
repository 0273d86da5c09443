"""Small pictures in metadata, which show what was in the hole, are taken out."""

import struct

import pytest
from PIL import Image, PngImagePlugin

from tf_btgmi.pictures.reader import read_picture
from tf_btgmi.pictures.thumbnails import without_photoshop_thumbnails
from tf_btgmi.pictures.writer import write_picture

PICTURE = Image.new("RGB", (40, 24), "red")
SECRET = b"\xff\xd8" + b"secret" * 5
XMP = b"<x:xmpmeta><xmp:Thumbnails>%s</xmp:Thumbnails><a/></x:xmpmeta>" % SECRET[2:]


def through(tmp_path, source, ending):
    target = tmp_path / f"result{ending}"
    assert b"secret" in source.read_bytes()
    write_picture(read_picture(str(source)), str(target))
    assert b"secret" not in target.read_bytes()
    return read_picture(str(target)).metadata


def resource(number, data, name=b""):
    name = bytes([len(name)]) + name + b"\0" * ((len(name) + 1) % 2)
    length = struct.pack(">I", len(data))
    return (
        b"8BIM"
        + struct.pack(">H", number)
        + name
        + length
        + data
        + b"\0" * (len(data) % 2)
    )


CAPTION = resource(0x0404, b"\x1c\x02\x78\0\3abc", b"iptc")
RESOURCES = resource(0x03ED, bytes(16)) + resource(0x040C, SECRET + b"!") + CAPTION


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp"])
def test_an_exif_thumbnail_is_blanked(tmp_path, ending):
    block = Image.Exif()
    block[0x010E] = "a boat"
    block = block.tobytes()[6:]
    order = ">" if block[:2] == b"MM" else "<"
    (first,) = struct.unpack_from(order + "I", block, 4)
    (count,) = struct.unpack_from(order + "H", block, first)
    second = len(block)
    block = bytearray(block)
    struct.pack_into(order + "I", block, first + 2 + 12 * count, second)
    start = second + 2 + 24 + 4
    block += struct.pack(order + "H", 2)
    block += struct.pack(order + "HHII", 0x0201, 4, 1, start)
    block += struct.pack(order + "HHII", 0x0202, 4, 1, len(SECRET))
    block += bytes(4) + SECRET
    source = tmp_path / f"source{ending}"
    PICTURE.save(source, exif=b"Exif\0\0" + bytes(block))
    assert through(tmp_path, source, ending).tags()[0x010E] == "a boat"


def test_photoshops_thumbnail_is_left_out_of_a_jpeg_and_the_caption_kept(tmp_path):
    body = b"Photoshop 3.0\0" + RESOURCES
    segment = b"\xff\xed" + struct.pack(">H", len(body) + 2) + body
    source = tmp_path / "source.jpg"
    PICTURE.save(source, extra=segment)
    found = through(tmp_path, source, ".jpg").photoshop
    assert found == b"Photoshop 3.0\0" + resource(0x03ED, bytes(16)) + CAPTION


def test_photoshops_thumbnail_and_layers_are_left_out_of_a_tiff(tmp_path):
    source = tmp_path / "source.tif"
    PICTURE.save(source, tiffinfo={34377: RESOURCES, 37724: b"secret layers"})
    tags = through(tmp_path, source, ".tif").tags()
    assert tags[34377] == resource(0x03ED, bytes(16)) + CAPTION
    assert 37724 not in tags


@pytest.mark.parametrize("source", ["a.jpg", "a.png", "a.webp"])
def test_thumbnails_are_left_out_of_xmp(tmp_path, source):
    options = {"xmp": XMP}
    if source == "a.png":
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", XMP.decode())
        options = {"pnginfo": text}
    PICTURE.save(tmp_path / source, **options)
    for ending in (".jpg", ".png", ".webp", ".tif"):
        through(tmp_path, tmp_path / source, ending)
    found = through(tmp_path, tmp_path / source, source[1:])
    assert found.xmp == b"<x:xmpmeta><a/></x:xmpmeta>"


@pytest.mark.parametrize("length", [3, 7, 11, 20, len(CAPTION) - 1])
def test_of_damaged_resources_the_whole_ones_are_kept(length):
    whole = resource(0x03ED, b"abc")
    assert without_photoshop_thumbnails(whole + CAPTION[:length]) == whole
