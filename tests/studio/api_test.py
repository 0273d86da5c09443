"""The API: what comes back, in which format, and every error's text."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from tests.picture_files import file_of
from tests.pictures.color_profiles_test import swapped
from tests.studio.conftest import make_models
from tf_btgmi.inference.holes import dilated
from tf_btgmi.inference.predictor import removal_mask
from tf_btgmi.studio import tasks


def opened(data):
    return np.array(Image.open(io.BytesIO(data)))


def post(client, call, files, **fields):
    return client.post(f"/api/v1/{call}", files=files, data=fields)


def error_of(response):
    error = response.json()["error"]
    assert set(error) == {"code", "what", "why", "to_do"} and all(error.values())
    return error


def test_a_hole_is_filled_and_nothing_else(client, picture, mask):
    files = {"image": file_of(picture), "mask": file_of(mask)}
    response = post(client, "inpaint", files)
    assert response.status_code == 200
    assert response.headers["content-type"] == "image/png"
    result = opened(response.content)
    assert (result[mask > 0] == (255, 0, 0)).all()
    np.testing.assert_array_equal(result[mask == 0], picture[mask == 0])


@pytest.mark.parametrize("through_overlay", [False, True])
def test_a_fill_over_transparent_pixels_is_seen(client, mask, through_overlay):
    """Also where the hidden pixels happen to have its colour."""
    red = np.zeros((48, 64, 4), np.uint8)
    red[..., 0] = 255
    red[:15, :, 3] = 255
    files = {"image": file_of(red), "mask": file_of(mask)}
    if through_overlay:
        for fields, hole in (
            ({"mask_dilation": "3"}, dilated(mask, 3)),
            ({"remove": "true", "mask_dilation": "4"}, dilated(mask, 4)),
            ({"remove": "true"}, removal_mask(mask)),
        ):
            grown = post(client, "inpaint", files, output="overlay", **fields).content
            np.testing.assert_array_equal(opened(grown)[..., 3], hole * 255)
        overlay = post(client, "inpaint", files, output="overlay").content
        np.testing.assert_array_equal(opened(overlay)[..., 3], mask)
        files = {"image": file_of(red), "overlay": overlay}
        result = opened(post(client, "export", files).content)
    else:
        result = opened(post(client, "inpaint", files).content)
    assert (result[mask > 0] == (255, 0, 0, 255)).all()
    np.testing.assert_array_equal(result[mask == 0], red[mask == 0])


@pytest.mark.parametrize("through_overlay", [False, True])
def test_recolouring_keeps_transparency_unless_it_is_filled_too(
    client, mask, through_overlay
):
    cut_out = np.random.default_rng(0).integers(0, 255, (48, 64, 4), np.uint8)
    cut_out[:, ::3, 3] = 0
    half = mask.copy()
    half[np.argwhere(mask)[:, 0].mean().astype(int) :] = 0
    assert half.any() and (half != mask).any()
    image, whole = file_of(cut_out), {"mask": file_of(mask)}
    if through_overlay:
        overlay = {}
        for call, hole in (("harmonize", mask), ("inpaint", half), ("harmonize", mask)):
            files = {"image": image, "mask": file_of(hole), **overlay}
            made = post(client, call, files, output="overlay").content
            overlay = {"overlay": made}
        result = opened(post(client, "export", {"image": image, **overlay}).content)
        assert (result[half > 0, 3] == 255).all()
    else:
        result = opened(post(client, "harmonize", {"image": image, **whole}).content)
        half[:] = 0
    rest = half == 0
    np.testing.assert_array_equal(result[rest, 3], cut_out[rest, 3])
    hidden = rest & (cut_out[..., 3] == 0)
    assert (hidden & (mask > 0)).any()
    np.testing.assert_array_equal(result[hidden], cut_out[hidden])
    recolored = (mask > 0) & rest
    assert (result[recolored, :3] != cut_out[recolored, :3]).any()


def test_a_cut_out_is_its_own_mask_as_for_the_program(client, picture, mask):
    """Its visible part is the object."""
    cut_out = file_of(np.dstack([picture, mask]))
    place = {"y": "24", "x": "32", "harmonize": "false"}
    results = [
        post(client, "compose", {"image": file_of(picture), **files}, **place).content
        for files in (
            {"guide": cut_out, "guide_mask": cut_out},
            {"guide": file_of(picture), "guide_mask": file_of(mask)},
        )
    ]
    np.testing.assert_array_equal(*map(opened, results))
    recolored = [
        post(client, "harmonize", {"image": cut_out, "mask": data}).content
        for data in (cut_out, file_of(mask))
    ]
    np.testing.assert_array_equal(*map(opened, recolored))


def test_masks_are_read_as_by_the_programs(client, picture, mask):
    strokes = np.dstack([mask // n for n in (1, 5, 7, 3)])
    expected = opened(
        post(
            client, "inpaint", {"image": file_of(picture), "mask": file_of(mask)}
        ).content
    )
    files = {"image": file_of(picture), "mask": file_of(strokes)}
    found = opened(post(client, "inpaint", files).content)
    np.testing.assert_array_equal(found, expected)
    erased = file_of(np.dstack([picture, 255 - mask]))
    found = opened(post(client, "inpaint", {"image": erased, "mask": erased}).content)
    np.testing.assert_array_equal(found[..., :3], expected)
    assert (found[..., 3] == 255).all()
    same = {"image": file_of(picture), "mask": file_of(picture)}
    error = error_of(post(client, "inpaint", same))
    assert error["why"].startswith("It is the picture itself; ")


def test_the_mask_of_a_cut_out_is_its_visible_part(client, picture, mask):
    for orientation in (1, 6):
        exif = Image.Exif()
        exif[0x0112] = orientation
        cut_out = file_of(np.dstack([picture, mask]), exif=exif)
        files = {"image": cut_out, "mask": cut_out}
        expected = mask if orientation == 1 else np.rot90(mask, -1)
        np.testing.assert_array_equal(
            opened(post(client, "mask", files, is_object="true").content), expected
        )
        erased = opened(post(client, "mask", files).content)
        np.testing.assert_array_equal(erased, 255 - expected)


def test_a_mask_file_is_answered_as_the_runs_read_it(client, picture, mask):
    layers = [Image.fromarray(mask).convert(mode) for mode in ("L", "1", "RGB", "P")]
    for color in ((255, 255, 255), (255, 0, 0)):
        drawn = np.broadcast_to(np.uint8(color), (48, 64, 3))
        layers.append(Image.fromarray(np.dstack([drawn, mask])))
    for layer in layers:
        files = {"image": file_of(picture), "mask": file_of(layer)}
        answer = post(client, "mask", files)
        assert answer.headers["content-type"] == "image/png"
        read = Image.open(io.BytesIO(answer.content))
        assert read.mode == "L"
        np.testing.assert_array_equal(read, mask)
    files = {"image": file_of(picture), "mask": file_of(mask[:9])}
    error = error_of(post(client, "mask", files))
    assert "It has 64x9 pixels and its picture 64x48" in error["why"]


def test_a_second_model_is_asked_by_its_name(client, picture, mask):
    files = {"image": file_of(picture), "mask": file_of(mask)}
    result = opened(post(client, "inpaint", files, model="blue").content)
    assert (result[mask > 0] == (0, 0, 255)).all()
    names = [model["name"] for model in client.get("/api/v1/models").json()["models"]]
    assert names == ["red", "blue"]
    error = error_of(post(client, "inpaint", files, model="green"))
    assert "red, blue" in error["why"]


def test_removing_grows_the_hole_by_the_share_that_the_predictor_has(
    client, picture, mask
):
    # On noise: in a flat picture, known patches are what was there near the edge.
    files = {"image": file_of(picture), "mask": file_of(mask)}
    plain = opened(post(client, "inpaint", files).content)
    removed = opened(post(client, "inpaint", files, remove="true").content)
    grown = opened(post(client, "inpaint", files, mask_dilation="3").content)
    counts = [(p != picture).any(axis=-1).sum() for p in (plain, removed, grown)]
    assert counts == [120, 120 + 2 * (10 + 12), 120 + 2 * 3 * (10 + 12) + 4 * 4]


def test_overlays_carry_changes_from_run_to_run_and_to_the_end(client, picture, mask):
    image = file_of(picture)
    second = np.roll(mask, 30, axis=1)
    files = {"image": image, "mask": file_of(mask)}
    overlay = post(client, "inpaint", files, output="overlay").content
    assert (opened(overlay)[..., 3] == mask).all()
    files = {"image": image, "mask": file_of(second), "overlay": overlay}
    both = post(client, "inpaint", files, output="overlay", model="blue").content
    files = {"image": image, "overlay": both}
    result = opened(post(client, "export", files).content)
    assert (result[mask > 0] == (255, 0, 0)).all()
    assert (result[second > 0] == (0, 0, 255)).all()
    rest = (mask == 0) & (second == 0)
    np.testing.assert_array_equal(result[rest], picture[rest])


def test_json_with_base64_gives_json(client, picture, mask):
    text = {
        "image": base64.b64encode(file_of(picture)).decode(),
        "mask": base64.b64encode(file_of(mask)).decode(),
    }
    client.paint.seconds = 0.02
    answer = client.post("/api/v1/inpaint", json=text).json()
    assert answer["media_type"] == "image/png"
    assert 0.02 <= answer["model_seconds"] < 10
    result = opened(base64.b64decode(answer["file"]))
    assert (result[mask > 0] == (255, 0, 0)).all()


def test_a_form_may_hold_files_as_text(client, rng, mask):
    picture = rng.integers(0, 256, [700, 800, 3], dtype=np.uint8)
    text = base64.b64encode(file_of(picture)).decode()
    assert len(text) > 2**20
    response = post(client, "preview", {"image": (None, text)})
    np.testing.assert_array_equal(opened(response.content), picture)


def test_the_picture_comes_back_in_its_format_turned_as_it_was(client, picture, mask):
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned clockwise
    exif[0x010F] = "maker"
    stored = file_of(picture, "JPEG", quality=95, exif=exif)
    upright = np.rot90(mask, -1)
    files = {"image": stored, "mask": file_of(upright)}
    response = post(client, "inpaint", files)
    assert response.headers["content-type"] == "image/jpeg"
    result = Image.open(io.BytesIO(response.content))
    assert result.size == (64, 48)
    assert result.getexif()[0x0112] == 6 and result.getexif()[0x010F] == "maker"
    inner = np.array(result)[22:28, 14:22].astype(int)
    assert abs(inner - [254, 0, 0]).max() < 12
    preview = opened(post(client, "preview", {"image": stored}).content)
    assert preview.shape == (64, 48, 3)


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_a_preview_shows_what_is_transparent(client, picture, mask, mode):
    image = Image.fromarray(np.dstack([picture, mask])).convert(mode)
    preview = opened(post(client, "preview", {"image": file_of(image)}).content)
    np.testing.assert_array_equal(preview[..., 3], mask)
    # Edited pixels are opaque, and so is a picture of one transparency.
    overlay = file_of(np.dstack([picture, 255 - mask]))
    files = {"image": file_of(image), "overlay": overlay}
    preview = opened(post(client, "preview", files).content)
    assert (preview[..., 3] == 255).all()
    flat = file_of(np.dstack([picture, 0 * mask]))
    response = post(client, "preview", {"image": flat})
    np.testing.assert_array_equal(opened(response.content), picture)
    assert "shown opaque" in json.loads(response.headers["X-Notes"])


def test_a_picture_that_browsers_cannot_show_is_refused(client):
    long = file_of(np.zeros((10, 70_000, 3), np.uint8))
    response = client.post("/api/v1/preview", files={"image": long})
    assert response.status_code == 422
    assert "It is 70000x10 pixels" in response.json()["error"]["why"]


def test_an_object_is_found_by_a_box_and_by_clicks(client):
    scene = np.full((60, 80, 3), 90, np.uint8)
    scene[20:40, 30:50] = (220, 40, 30)
    scene = scene + np.random.default_rng(0).integers(0, 12, scene.shape, np.uint8)
    files = {"image": file_of(scene)}
    truth = np.zeros((60, 80), bool)
    truth[20:40, 30:50] = True
    for fields in ({"box": "[10, 20, 50, 60]"}, {"clicks": "[[30, 40, 1]]"}):
        response = post(client, "segment", files, **fields)
        found = opened(response.content) > 0
        # How exactly it is found is tested with the selection.
        assert (found & truth).sum() / (found | truth).sum() > 0.7
    # Also where an earlier run has made it.
    overlay = np.dstack([scene, truth * np.uint8(255)])
    files = {"image": file_of(np.full_like(scene, 90)), "overlay": file_of(overlay)}
    found = opened(post(client, "segment", files, box="[10, 20, 50, 60]").content) > 0
    assert (found & truth).sum() / (found | truth).sum() > 0.7
    error = error_of(post(client, "segment", files))
    assert error["code"] == "not_possible" and "Give a box" in error["why"]
    clicks = str([[30, 40, 1]] * 201)
    error = error_of(post(client, "segment", files, clicks=clicks))
    assert error["code"] == "bad_request" and "at most 200" in error["why"]


def test_an_object_is_composed_and_harmonized(client, picture):
    grey = np.full((48, 64, 3), 128, np.uint8)
    guide_mask = np.zeros((48, 64), np.uint8)
    guide_mask[10:20, 10:20] = 255
    files = {
        "image": file_of(grey),
        "guide": file_of(picture),
        "guide_mask": file_of(guide_mask),
    }
    place = {"y": "30", "x": "40"}
    kept = opened(post(client, "compose", files, **place, harmonize="false").content)
    np.testing.assert_array_equal(kept[25:35, 35:45], picture[10:20, 10:20])
    assert (kept[24, 40] == (255, 0, 0)).all()
    pose = {"scale": "1.4", "rotate": "25", "flip": "true"}
    predictor = make_models(image_size=32)[1][0].predictor
    expected = predictor.compose(grey, picture, guide_mask, (30, 40), 1.4, 25, True)
    harmonized = opened(post(client, "compose", files, **place, **pose).content)
    np.testing.assert_array_equal(harmonized, expected)
    error = error_of(post(client, "compose", files, **place, model="blue"))
    assert error["code"] == "not_possible" and "does not harmonize" in error["why"]


def test_a_black_object_is_seen_on_a_transparent_picture(client):
    guide_mask = np.zeros((48, 64), np.uint8)
    guide_mask[10:20, 10:20] = 255
    files = {
        "image": file_of(np.zeros((48, 64, 4), np.uint8)),
        "guide": file_of(np.zeros((48, 64, 3), np.uint8)),
        "guide_mask": file_of(guide_mask),
    }
    place = {"y": "30", "x": "40", "harmonize": "false"}
    found = opened(post(client, "compose", files, **place).content)
    assert found.shape[-1] == 4 and (found[25:35, 35:45] == (0, 0, 0, 255)).all()
    assert (found[:20, :, 3] == 0).all()


def test_an_object_keeps_its_colors_under_another_color_profile(client):
    guide, grey = Image.new("RGB", (64, 48), (200, 30, 60)), np.zeros((48, 64, 3))
    guide_mask = np.zeros((48, 64), np.uint8)
    guide_mask[10:20, 10:20] = 255
    files = {
        "image": file_of(grey.astype(np.uint8)),
        "guide": ("guide.png", file_of(guide, icc_profile=swapped())),
        "guide_mask": file_of(guide_mask),
    }
    place = {"y": "30", "x": "40", "harmonize": "false"}
    found = opened(post(client, "compose", files, **place).content)[25:35, 35:45]
    assert np.abs(found.astype(int) - (60, 30, 200)).max() <= 2


def test_what_the_page_shows_has_the_pictures_color_profile(
    client, picture, mask, monkeypatch
):
    stored = file_of(Image.fromarray(picture), icc_profile=swapped())
    files = {"image": ("picture.png", stored)}
    answers = [post(client, "preview", files)]
    # Large pictures are shown as JPEG.
    monkeypatch.setattr(tasks, "_PNG_PIXELS", 48 * 64 - 1)
    answers.append(post(client, "preview", files))
    types = [answer.headers["content-type"] for answer in answers]
    assert types == ["image/png", "image/jpeg"]
    files["mask"] = file_of(mask)
    answers.append(post(client, "inpaint", files, output="overlay"))
    for answer in answers:
        shown = Image.open(io.BytesIO(answer.content))
        assert shown.info["icc_profile"] == swapped()


def test_a_model_without_that_output_says_that_it_cannot_harmonize(client, picture):
    mask = np.zeros((48, 64), np.uint8)
    mask[5:20, 5:20] = 255
    files = {"image": file_of(picture), "mask": file_of(mask)}
    result = opened(post(client, "harmonize", files).content)
    assert (result[mask == 0] == picture[mask == 0]).all()
    assert (result[mask > 0] != picture[mask > 0]).any()
    response = post(client, "harmonize", files, model="blue")
    assert response.status_code == 422
    assert "does not harmonize" in error_of(response)["why"]


@pytest.mark.parametrize(
    "fields, files, status, code",
    [
        ({}, {}, 422, "bad_request"),
        ({"colour": "red"}, {"mask": None}, 422, "bad_request"),
        ({"mask_dilation": "-1"}, {"mask": None}, 422, "bad_request"),
        ({"job": "x"}, {"mask": None}, 422, "bad_request"),
        ({"job": "../a-long-name"}, {"mask": None}, 422, "bad_request"),
        ({}, {"mask": np.zeros((48, 64), np.uint8)}, 422, "empty_mask"),
        ({}, {"mask": np.full((48, 64), 255, np.uint8)}, 422, "not_possible"),
        ({}, {"mask": np.full((20, 20), 255, np.uint8)}, 422, "bad_picture"),
    ],
)
def test_mistakes_are_told_as_what_why_and_what_to_do(
    client, picture, mask, fields, files, status, code
):
    sent = {"image": file_of(picture)}
    for name, pixels in files.items():
        sent[name] = file_of(mask if pixels is None else pixels)
    response = post(client, "inpaint", sent, **fields)
    assert (response.status_code, error_of(response)["code"]) == (status, code)


def test_every_field_says_what_it_must_be(client):
    paths = client.get("/openapi.json").json()["paths"]
    for path, methods in paths.items():
        if "post" not in methods:
            continue
        body = methods["post"]["requestBody"]["content"]["application/json"]
        required = dict.fromkeys(body["schema"]["required"], "0000")
        for name in body["schema"]["properties"]:
            response = client.post(path, json={**required, name: {}})
            assert response.status_code == 422
            assert error_of(response)["why"].startswith(f"{name} must be "), path


@pytest.mark.parametrize(
    "call, fields, why",
    [
        ("segment", {"box": "[1, 2, 3]"}, "box must be a list [y0, x0, y1, x1] of"),
        ("segment", {"box": "x"}, "box must be a list"),
        ("segment", {"box": "[" * 10_000}, "box must be a list"),
        ("segment", {"box": "[NaN, 1, 2, 3]"}, "box must be a list"),
        (
            "segment",
            {"clicks": "[[1, 2, 3]]"},
            "clicks must be a list [[y, x, 1], ...]",
        ),
        ("segment", {"job": "x"}, "job must be 8 to 64 letters, digits or hyphens."),
        (
            "preview",
            {"color": "x"},
            "There is no field color; there are image, overlay.",
        ),
        ("preview", {"image": "?"}, "image must be a file, in JSON as base64."),
        ("mask", {}, "mask is missing."),
    ],
)
def test_the_error_of_a_field_names_it_and_what_is_allowed(
    client, picture, call, fields, why
):
    image = base64.b64encode(file_of(picture)).decode()
    response = client.post(f"/api/v1/{call}", json={"image": image, **fields})
    assert response.status_code == 422
    assert error_of(response)["why"].startswith(why)


def test_an_empty_overlay_is_refused(client, picture):
    files = {"image": file_of(picture), "overlay": b""}
    error = error_of(post(client, "export", files))
    assert (error["what"], error["why"]) == (
        "The overlay cannot be used.",
        "It is empty.",
    )


def test_other_content_types_and_addresses_are_refused_in_words(client):
    response = client.post("/api/v1/inpaint", content=b"x")
    assert response.status_code == 415
    assert "multipart/form-data" in error_of(response)["to_do"]
    response = client.post("/api/v1/inpaint", json=[1])
    assert error_of(response)["code"] == "bad_request"
    headers = {"content-type": "multipart/form-data; boundary=x"}
    response = client.post("/api/v1/inpaint", content=b"--y", headers=headers)
    assert error_of(response)["code"] == "bad_request"
    error = error_of(client.get("/api/v1/nothing"))
    assert error["code"] == "not_found" and error["why"].startswith("There is nothing")
    error = error_of(client.get("/api/v1/jobs/x"))
    assert error["why"] == "job must be 8 to 64 letters, digits or hyphens."
    response = client.get("/api/v1/inpaint")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    response = client.put("/api/v1/jobs/some-job")
    assert (response.status_code, response.headers["allow"]) == (405, "DELETE, GET")


def test_health_and_description_name_every_call(client):
    health = client.get("/api/v1/health").json()
    assert health["status"] == "ready" and health["max_pixels"] == 1_000_000
    paths = set(client.get("/openapi.json").json()["paths"])
    calls = ("inpaint", "harmonize", "compose", "mask", "segment", "models", "health")
    assert {f"/api/v1/{call}" for call in calls} <= paths
    for example in client.get("/api/v1/examples").json():
        assert client.get(example["url"]).headers["content-type"] == "image/jpeg"


def test_notes_say_what_a_format_could_not_hold(client, mask):
    grey = np.full((48, 64), 7, np.uint8)
    files = {"image": file_of(grey, "PPM"), "mask": file_of(mask)}
    response = post(client, "inpaint", files)
    assert response.headers["content-type"] == "image/png"
    assert json.loads(response.headers["x-notes"]) == []
    assert opened(response.content).shape == (48, 64)
    grey_profile = swapped()[:16] + b"GRAY" + swapped()[20:]
    colored = Image.new("RGB", (64, 48), (200, 30, 60))
    files["image"] = ("picture.png", file_of(colored, icc_profile=grey_profile))
    (note,) = json.loads(post(client, "inpaint", files).headers["x-notes"])
    assert note == "colour profile left out: it is not for mode RGB"


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_a_picture_without_edits_is_exported_as_it_came(client, picture, form):
    stored = file_of(picture, form)
    assert post(client, "export", {"image": stored}).content == stored


def test_a_model_server_that_is_away_is_told_as_such(client, picture, mask):
    client.paint.error = ConnectionError("grpc://x:8500 refused the connection")
    files = {"image": file_of(picture), "mask": file_of(mask)}
    response = post(client, "inpaint", files)
    error = error_of(response)
    assert (response.status_code, error["code"]) == (502, "model_server_away")
    assert error["why"].endswith("refused the connection.")
    assert "--server" in error["to_do"]
