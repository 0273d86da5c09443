"""Metrics of one composite: by hand, against scikit-image, and at the ends."""

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from tf_btgmi.metrics.picture_metrics import MAX_PSNR, picture_metrics, psnr


def pictures(size=24, seed=0):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (size, size, 3), np.uint8)
    mask = np.zeros((size, size), bool)
    mask[4:10, 6:15] = True
    composite = image.copy()
    composite[mask] = rng.integers(0, 256, (mask.sum(), 3))
    return image, composite, mask


def test_errors_of_a_hole_that_is_off_by_a_known_amount():
    image = np.full((20, 20, 3), 100, np.uint8)
    mask = np.zeros((20, 20), bool)
    mask[:10, :10] = True
    composite = image.copy()
    composite[mask] = 151
    metrics = picture_metrics(image, composite, mask)
    assert metrics["hole_l1"] == pytest.approx(0.2, abs=1e-12)
    assert metrics["l1"] == pytest.approx(0.05, abs=1e-12)
    assert metrics["hole_l2"] == pytest.approx(0.04, abs=1e-12)
    assert metrics["l2"] == pytest.approx(0.01, abs=1e-12)
    assert metrics["psnr"] == pytest.approx(20.0, abs=1e-9)
    assert metrics["hole_psnr"] == pytest.approx(13.979400087, abs=1e-9)


def test_darker_and_brighter_errors_are_the_same():
    image = np.full((16, 16, 3), 128, np.uint8)
    mask = np.ones((16, 16), bool)
    up, down = image + 100, image - 100
    first, second = (picture_metrics(image, other, mask) for other in (up, down))
    assert first["l1"] == second["l1"] == pytest.approx(100 / 255)


def test_psnr_and_ssim_agree_with_scikit_image():
    image, composite, mask = pictures()
    metrics = picture_metrics(image, composite, mask)
    wanted = peak_signal_noise_ratio(image, composite, data_range=255)
    assert metrics["psnr"] == pytest.approx(wanted, abs=1e-9)
    channels = [
        structural_similarity(
            image[..., i],
            composite[..., i],
            data_range=255,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        for i in range(3)
    ]
    assert metrics["ssim"] == pytest.approx(np.mean(channels), abs=1e-9)


def test_ssim_in_the_hole_looks_at_the_hole_alone():
    image, composite, mask = pictures(48)
    far = np.zeros_like(mask)
    far[36:, 36:] = True
    assert picture_metrics(image, composite, far)["hole_ssim"] == pytest.approx(1.0)
    metrics = picture_metrics(image, composite, mask)
    assert metrics["hole_ssim"] < 0.5 < metrics["ssim"]


def test_identical_pictures_have_a_finite_psnr():
    image, _, mask = pictures()
    metrics = picture_metrics(image, image, mask)
    assert metrics["psnr"] == metrics["hole_psnr"] == MAX_PSNR
    assert metrics["ssim"] == metrics["hole_ssim"] == 1.0
    assert metrics["l1"] == metrics["hole_l2"] == 0.0


@pytest.mark.parametrize("value", [0, 255])
def test_constant_pictures_have_defined_scores(value):
    image = np.full((16, 16, 3), value, np.uint8)
    mask = np.zeros((16, 16), bool)
    mask[3:8, 3:8] = True
    for composite in (image, 255 - image):
        assert np.isfinite(list(picture_metrics(image, composite, mask).values())).all()
    assert picture_metrics(image, 255 - image, mask)["psnr"] == 0.0


def test_psnr_takes_arrays():
    assert psnr(np.array([1.0, 0.01, 0.0])).tolist() == [0.0, 20.0, MAX_PSNR]


@pytest.mark.parametrize(
    "change, text",
    [
        (lambda i, c, m: (i.astype(np.float32), c, m), "image must be uint8"),
        (lambda i, c, m: (i, c[:-1], m), "must have the same size"),
        (lambda i, c, m: (i, c, m[:, 1:]), "must have the same size"),
        (lambda i, c, m: (i, c, m & False), "have a hole"),
        (lambda i, c, m: (i, c, m.astype(np.uint8)), "must be bool"),
        (lambda i, c, m: (i[:9], c[:9], m[:9]), "at least 11"),
    ],
)
def test_wrong_input_is_named(change, text):
    with pytest.raises(ValueError, match=text):
        picture_metrics(*change(*pictures()))
