"""LPIPS over picture and box, and the features of the Fréchet distance."""

import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.evaluation.deep_metrics import DeepMetrics, judged_box
from tf_btgmi.losses.lpips import LPIPSDistance, load_judge
from tf_btgmi.ops.image_ops import to_float


@pytest.fixture(scope="module")
def metrics():
    return DeepMetrics()


def pictures(size=64):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (size, size, 3), np.uint8)
    mask = np.zeros((size, size), bool)
    mask[2:44, 10:50] = True
    composites = [image, np.where(mask[..., None], 128, image).astype(np.uint8)]
    return image, composites, mask


def test_distances_are_those_of_the_loss(metrics):
    image, composites, mask = pictures()
    same, filled = metrics.compare(image, composites, mask)
    assert same == {"lpips": 0.0, "box_lpips": 0.0}
    lpips = LPIPSDistance()
    first, second = (to_float(tf.constant(p[None])) for p in (image, composites[1]))
    whole = float(lpips(first, second)[0])
    box = float(lpips(first[:, 2:44, 10:50], second[:, 2:44, 10:50])[0])
    assert filled["lpips"] == pytest.approx(whole, abs=1e-5)
    assert filled["box_lpips"] == pytest.approx(box, abs=1e-5)
    assert box > whole > 0.05


def test_with_its_weights_the_judge_is_measured_as_well(vgg_weights_path):
    image, composites, mask = pictures()
    found = DeepMetrics(vgg_weights_path).compare(image, composites, mask)
    assert found[0]["lpips_vgg"] == found[0]["box_lpips_vgg"] == 0.0
    judge = load_judge(vgg_weights_path)
    first, second = (to_float(tf.constant(p[None])) for p in (image, composites[1]))
    whole = float(judge(first, second)[0])
    box = float(judge(first[:, 2:44, 10:50], second[:, 2:44, 10:50])[0])
    assert found[1]["lpips_vgg"] == pytest.approx(whole, rel=1e-4)
    assert found[1]["box_lpips_vgg"] == pytest.approx(box, rel=1e-4)
    assert box > whole > 0.01 and found[1]["lpips"] != found[1]["lpips_vgg"]


def test_what_lies_outside_the_box_does_not_count_in_it(metrics):
    image, _, mask = pictures()
    changed = image.copy()
    changed[50:] = 0
    (found,) = metrics.compare(image, [changed], mask)
    assert found["box_lpips"] == 0.0 and found["lpips"] > 0.01


def test_features_are_one_vector_per_picture(metrics):
    image, composites, _ = pictures()
    (features,) = metrics.features([image, *composites]).values()
    assert features.shape == (3, 256) and features.dtype == np.float32
    np.testing.assert_allclose(features[0], features[1], atol=1e-5)
    assert (features >= 0).all() and np.abs(features[0] - features[2]).max() > 1e-3


def test_features_of_the_judge_are_its_last_activations(metrics, vgg_weights_path):
    image, composites, _ = pictures()
    found = DeepMetrics(vgg_weights_path).features([image, composites[1]])
    assert set(found) == {"features", "features_vgg"}
    trunk = load_judge(vgg_weights_path).trunk
    for picture, features in zip((image, composites[1]), found["features_vgg"]):
        wanted = trunk(to_float(tf.constant(picture[None])))[-1].numpy().mean((0, 1, 2))
        np.testing.assert_allclose(features, wanted, rtol=1e-3, atol=1e-5)
        assert wanted.max() > 0.01
    alex = metrics.features([image, composites[1]])["features"]
    np.testing.assert_allclose(found["features"], alex, atol=1e-5)


@pytest.mark.parametrize(
    "rows, columns, box",
    [
        ((5, 45), (8, 60), (5, 8, 45, 60)),
        ((30, 34), (30, 35), (16, 17, 48, 49)),
        ((0, 2), (62, 64), (0, 32, 32, 64)),
        ((63, 64), (0, 1), (32, 0, 64, 32)),
    ],
)
def test_the_box_holds_the_hole_and_stays_in_the_picture(rows, columns, box):
    mask = np.zeros((64, 64), bool)
    mask[slice(*rows), slice(*columns)] = True
    assert judged_box(mask) == box


def test_the_box_of_several_holes_holds_them_all():
    mask = np.zeros((64, 80), bool)
    mask[3, 4] = mask[60, 70] = True
    assert judged_box(mask) == (3, 4, 61, 71)
