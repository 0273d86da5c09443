"""The exported model as servers see it: by the C API, by the command line, replayed."""

import io
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis import prediction_log_pb2

from tests.export.c_api import Session
from tests.picture_files import file_of
from tests.serving.window_test import bicubic
from tf_btgmi import loading
from tf_btgmi.data import masks
from tf_btgmi.inference import filling

S = 32
# The signatures use this model size on pictures of these sizes.
SIZES = [(32, 32), (50, 70), (20, 24), (130, 90)]


@pytest.fixture(scope="module")
def session(exported):
    return Session(exported)


@pytest.fixture(scope="module")
def predictor(lively_workdir):
    # The graph gives fills as the network does.
    return loading.load(lively_workdir, retouched=False)


def read(data):
    return np.asarray(Image.open(io.BytesIO(data)))


def example(height, width, seed=0):
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, [height // 4, width // 4, 3], dtype=np.uint8)
    image = np.asarray(Image.fromarray(small).resize((width, height)))
    mask = np.zeros([height, width], np.uint8)
    side = min(height, width) // 3
    top, left = height // 4, width // 3
    mask[top : top + side, left : left + side] = 255
    return image, mask


def test_the_c_api_fills_files_as_the_keras_model_does(session, predictor, monkeypatch):
    # The detail that the predictor takes from known parts is not in the graph.
    monkeypatch.setattr(filling, "enlarge", bicubic)
    examples = [example(*size) for size in SIZES]
    inputs = {
        "image_bytes": [file_of(image) for image, _ in examples],
        "mask_bytes": [file_of(mask) for _, mask in examples],
    }
    found = session.run("serving_default", inputs)
    assert found["error"] == [b""] * len(examples)
    for (image, mask), data in zip(examples, found["composite_bytes"]):
        composite = read(data)
        wanted = predictor.inpaint(image, mask)
        assert np.mean(wanted[mask > 0] != image[mask > 0]) > 0.9
        np.testing.assert_allclose(composite.astype(int), wanted, atol=1)
        np.testing.assert_array_equal(composite[mask == 0], image[mask == 0])


@pytest.mark.parametrize("signature", ["predict_tensor", "predict_window"])
def test_the_c_api_fills_tensors_as_the_keras_model_does(session, predictor, signature):
    examples = [example(S, S, seed) for seed in range(3)]
    inputs = {
        "image": np.stack([image for image, _ in examples]),
        "mask": np.stack([mask for _, mask in examples])[..., None],
    }
    (found,) = session.run(signature, inputs).values()
    # One gives composites, the other all that the network predicts.
    found = np.where(inputs["mask"] > 0, found, inputs["image"])
    wanted = np.stack([predictor.inpaint(*both) for both in examples])
    np.testing.assert_allclose(found.astype(int), wanted, atol=1)


def test_a_bad_file_fails_alone_and_says_why(session):
    image, mask = example(40, 40)
    bad_images = [
        b"",
        b"GIF89a, say",
        file_of(image)[:500],
        file_of(image),
        file_of(image),
    ]
    bad_masks = [file_of(mask)] * 3 + [file_of(mask[:-1]), file_of(mask // 2)]
    found = session.run(
        "serving_default",
        {
            "image_bytes": [file_of(image), *bad_images],
            "mask_bytes": [file_of(mask), *bad_masks],
        },
    )
    assert [error.decode() for error in found["error"]][:2] == [
        "",
        "image_bytes: it is empty",
    ]
    assert found["error"][2].startswith(b"image_bytes: it is none of PNG, JPEG, BMP")
    assert [error.decode() for error in found["error"]][3:] == [
        "image_bytes: it is damaged or incomplete",
        "the mask is 40x39 pixels, the image 40x40",
        "mask_bytes: its maximum is 127, and the hole is where it is 128 or more",
    ]
    assert [len(data) > 0 for data in found["composite_bytes"]] == [True] + [False] * 5


def test_where_nothing_can_be_filled_that_is_the_error(session):
    with pytest.raises(RuntimeError, match="Nothing can be filled.*image_bytes: it is"):
        session.run("serving_default", {"image_bytes": [b"?"], "mask_bytes": [b"?"]})


def test_sizes_that_differ_are_the_error(session):
    inputs = {
        "image": np.zeros([1, 8, 8, 3], np.uint8),
        "mask": np.zeros([1, 8, 9, 1], np.uint8),
    }
    with pytest.raises(RuntimeError, match="must have the same batch, height"):
        session.run("predict_tensor", inputs)
    with pytest.raises(RuntimeError, match="As many images as masks"):
        session.run("serving_default", {"image_bytes": [b"?"] * 2, "mask_bytes": [b""]})


def test_the_warm_up_requests_replay(session, exported):
    path = os.path.join(exported, "assets.extra", "tf_serving_warmup_requests")
    logs = [
        prediction_log_pb2.PredictionLog.FromString(record.numpy())
        for record in tf.data.TFRecordDataset(path)
    ]
    signatures = []
    for log in logs:
        request = log.predict_log.request
        assert request.model_spec.name == "btgmi"
        signatures.append(request.model_spec.signature_name)
        arrays = {name: tf.make_ndarray(t) for name, t in request.inputs.items()}
        inputs = {
            name: list(array) if array.dtype == object else array
            for name, array in arrays.items()
        }
        results = session.run(signatures[-1], inputs)
        if signatures[-1] == "serving_default":
            image = read(inputs["image_bytes"][0])
            known = read(inputs["mask_bytes"][0]) < 128
            # A JPEG file is decoded here and there by the same rules.
            composite = read(results["composite_bytes"][0])
            np.testing.assert_array_equal(composite[known], image[known])
            assert (composite[~known] != image[~known]).mean() > 0.9
    assert set(signatures) == set(session.signatures) - {"__saved_model_init_op"}


@pytest.mark.slow
def test_saved_model_cli_runs_it(exported, predictor, tmp_path):
    image, mask = example(S, S)
    np.save(tmp_path / "image.npy", image[None])
    np.save(tmp_path / "mask.npy", mask[None, ..., None])
    command = os.path.join(os.path.dirname(sys.executable), "saved_model_cli")
    arguments = ["run", "--dir", exported, "--tag_set", "serve"]
    arguments += ["--signature_def", "predict_tensor", "--outdir", str(tmp_path)]
    arguments += ["--inputs", "image=image.npy;mask=mask.npy"]
    subprocess.run([command, *arguments], cwd=tmp_path, check=True, capture_output=True)
    found = np.load(tmp_path / "composite.npy")[0]
    wanted = predictor.inpaint(image, mask)
    np.testing.assert_allclose(found.astype(int), wanted, atol=1)


def test_the_graph_has_no_operation_that_only_python_has(exported):
    with open(os.path.join(exported, "saved_model.pb"), "rb") as file:
        text = file.read()
    assert b"PyFunc" not in text and b"FusedBatchNorm" not in text


def test_masks_of_every_kind_leave_known_pixels_alone(session):
    for kind in ("thin_strokes", "broad_strokes", "borders", "rectangles"):
        image, _ = example(90, 70)
        mask = masks.named_mask(kind, 90, 70, 1) * np.uint8(255)
        inputs = {"image_bytes": [file_of(image)], "mask_bytes": [file_of(mask)]}
        composite = read(session.run("serving_default", inputs)["composite_bytes"][0])
        np.testing.assert_array_equal(composite[mask == 0], image[mask == 0])
