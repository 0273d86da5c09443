"""Broken, huge, animated, deep and disguised files get an answer, never a crash."""

import io
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.picture_files import file_of, png_chunk, png_of
from tests.studio import api_test
from tests.studio.conftest import make_models
from tf_btgmi.pictures.formats import FORMATS
from tf_btgmi.pictures.reader import decode_picture
from tf_btgmi.studio import overlays

RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (48, 64, 3), np.uint8)
MASK = np.zeros((48, 64), np.uint8)
MASK[20:30, 12:24] = 255


def png_that_claims(width, height, depth=8):
    return png_of(bytes(100), width, height, depth)


def animated(form):
    frames = [Image.fromarray(NOISE), Image.fromarray(NOISE[::-1].copy())]
    file = io.BytesIO()
    frames[0].save(file, form, save_all=True, append_images=frames[1:])
    return file.getvalue()


def png_with_text_bomb():
    bomb = png_chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(80_000_000), 9))
    plain = file_of(NOISE)
    return plain[:33] + bomb + plain[33:]


BAD = {
    "empty": b"",
    "text": b"hello, I am no picture",
    "html": b"<html><script>alert(1)</script></html>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "pdf": b"%PDF-1.4\n1 0 obj\n<<>>\nendobj",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(x) show\n",
    "zip": b"PK\x03\x04" + bytes(60),
    "half a jpeg": file_of(NOISE, "JPEG")[:900],
    "half a png": file_of(NOISE)[:2000],
    "half a webp": file_of(NOISE, "WEBP")[:800],
    "half a tiff": file_of(NOISE, "TIFF")[:300],
    "jpeg's first bytes": b"\xff\xd8\xff\xe0" + bytes(10),
    "png's first bytes": b"\x89PNG\r\n\x1a\n",
    "png without pixels": png_that_claims(64, 48),
    "png of no size": png_that_claims(0, 0),
    "animated gif": animated("GIF"),
    "animated webp": animated("WEBP"),
    "animated png": animated("PNG"),
    "two-page tiff": animated("TIFF"),
}


def error_of(response):
    error = api_test.error_of(response)
    assert "Traceback" not in response.text and "/" not in error["why"]
    return error


def test_a_floating_point_tiff_is_named_as_such(client):
    files = {"image": ("scene.tif", file_of(Image.new("F", (64, 48)), "TIFF"))}
    error = error_of(client.post("/api/v1/preview", files=files))
    assert error["why"] == "It is a floating-point TIFF; save it with 8 or 16 bits."


@pytest.mark.parametrize("call", ["preview", "inpaint"])
@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named_as_such(client, name, call):
    files = {"image": ("picture.png", BAD[name])}
    if call == "inpaint":
        files["mask"] = file_of(MASK)
    response = client.post(f"/api/v1/{call}", files=files)
    assert response.status_code == 422, response.text
    assert error_of(response)["code"] == "bad_picture"


@pytest.mark.parametrize("name", ["text", "half a png", "animated gif"])
@pytest.mark.parametrize("field", ["mask", "overlay"])
def test_a_bad_mask_or_overlay_is_named_as_such(client, name, field):
    files = {"image": file_of(NOISE), "mask": file_of(MASK), field: BAD[name]}
    response = client.post("/api/v1/inpaint", files=files)
    assert response.status_code == 422
    assert error_of(response)["code"] == "bad_picture"


@pytest.mark.parametrize("side", [1001, 30_000, 2**31 - 1])
@pytest.mark.parametrize("field", ["image", "mask", "overlay"])
def test_pixels_are_counted_before_anything_is_decoded(client, side, field):
    files = {"image": file_of(NOISE), "mask": file_of(MASK)}
    files[field] = png_that_claims(side, 1000)
    response = client.post("/api/v1/inpaint", files=files)
    assert response.status_code == 413
    assert error_of(response)["code"] == "too_large"


def test_too_many_bytes_are_refused(client):
    response = client.post("/api/v1/preview", files={"image": bytes(2_000_001)})
    assert response.status_code == 413
    assert "2 MB" in error_of(response)["why"]


def test_a_text_that_unpacks_to_80_megabytes_is_not_unpacked(client):
    response = client.post("/api/v1/preview", files={"image": png_with_text_bomb()})
    assert response.status_code == 422
    assert error_of(response)["code"] == "bad_picture"


def test_disguised_pictures_are_read_for_what_they_are(client):
    for form in ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PPM"):
        data = file_of(NOISE, form)
        files = {"image": ("x.exe", data, "text/html"), "mask": file_of(MASK)}
        response = client.post("/api/v1/inpaint", files=files)
        assert response.status_code == 200, form
        assert response.headers["content-type"].startswith("image/")


def test_names_with_paths_in_them_do_no_harm(client, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("../../evil.png", "/etc/evil.png", "a\0b.png", "x" * 500):
        files = {"image": (name, file_of(NOISE)), "mask": ("..\\m", file_of(MASK))}
        assert client.post("/api/v1/inpaint", files=files).status_code == 200
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("form", ["AVIF", "HEIF"])
def test_a_portrait_of_a_phone_comes_back_upright_as_png(client, form):
    if form not in FORMATS:
        pytest.skip(f"no decoder of {form} here")
    exif = Image.Exif()
    exif[0x0112] = 6
    blocks = NOISE[::8, ::8].repeat(8, axis=0).repeat(8, axis=1)
    files = {
        "image": file_of(blocks, form, exif=exif.tobytes(), quality=95),
        "mask": file_of(np.rot90(MASK, -1).copy()),
    }
    response = client.post("/api/v1/inpaint", files=files)
    assert response.headers["content-type"] == "image/png"
    result = Image.open(io.BytesIO(response.content))
    assert result.size == (48, 64) and result.getexif().get(0x0112, 1) == 1
    known = np.rot90(MASK, -1) == 0
    shown = decode_picture(files["image"]).rgb()
    np.testing.assert_array_equal(np.asarray(result)[known], shown[known])
    assert (np.asarray(result)[~known] == (255, 0, 0)).all()
    assert np.abs(shown - np.rot90(blocks, -1).astype(int)).mean() < 12


@pytest.mark.parametrize("through_overlay", [False, True])
def test_sixteen_bits_are_filled_with_sixteen_bits(client, through_overlay):
    # A dark gradient: the model's levels are spread over its range of values.
    deep = (3000 + np.arange(64) * 5)[None, :, None] + np.zeros((48, 1, 3), int)
    deep = deep.astype(np.uint16)
    alpha = RNG.integers(0, 65536, (48, 64), np.uint16)
    stored = deep if through_overlay else np.dstack([deep, alpha])
    data = cv2.imencode(".png", stored)[1].tobytes()
    predictor = make_models(image_size=32)[1][0].predictor
    expected = predictor.inpaint(deep, MASK)
    assert expected.max() < 3400 and (expected != deep).any()
    files = {"image": data, "mask": file_of(MASK)}
    if through_overlay:
        # Through a second run as well.
        fields = {"output": "overlay"}
        overlay = client.post("/api/v1/inpaint", files=files, data=fields).content
        second = np.roll(MASK, 20, axis=1)
        expected = predictor.inpaint(expected, second)
        files = {"image": data, "mask": file_of(second), "overlay": overlay}
        overlay = client.post("/api/v1/inpaint", files=files, data=fields).content
        files = {"image": data, "overlay": overlay}
        answer = client.post("/api/v1/export", files=files)
    else:
        answer = client.post("/api/v1/inpaint", files=files)
        pixels = decode_picture(answer.content).pixels
        assert pixels.dtype == np.uint16 and pixels.shape == stored.shape
        np.testing.assert_array_equal(pixels[MASK == 0], stored[MASK == 0])
    result = decode_picture(answer.content).rgb(sixteen_bits=True)
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_an_overlay_covers_where_it_is_at_least_half_opaque(depth):
    half = np.iinfo(depth).max // 2
    alphas = np.array([[0, 1, half, half + 1, 2 * half + 1]], depth)
    found = overlays.covered(np.dstack([alphas] * 4))
    assert found.tolist() == [[False, False, False, True, True]]


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"])
def test_flipped_bytes_never_end_in_a_server_error(client, form):
    whole = file_of(NOISE, form)
    for seed in range(12):
        rng = np.random.default_rng(seed)
        data = np.frombuffer(whole, np.uint8).copy()
        places = rng.integers(0, min(len(data), 600), 6)
        data[places] = rng.integers(0, 256, 6)
        files = {"image": data.tobytes()}
        response = client.post("/api/v1/preview", files=files)
        assert response.status_code in (200, 413, 422), (form, seed, response.text)
