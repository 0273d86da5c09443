import cv2
import numpy as np
import pytest

from tf_btgmi.inference.holes import Holes
from tf_btgmi.inference.interpolation import interpolate, interpolated_part
from tf_btgmi.inference.predictor import Predictor

SIDE = 96
Y, X = np.mgrid[:SIDE, :SIDE]
GRADIENT = np.stack([60 + X, 90 + Y * 0.8, 200 - X * 0.6], -1).round().astype(np.uint8)


def random(share):
    return np.random.default_rng(1).random((SIDE, SIDE)) < share


LATTICES = {
    "checkerboard": (X + Y) % 2 == 0,
    "every second row": Y % 2 == 0,
    "two of four columns": X % 4 < 2,
    "one of six rows": Y % 6 == 2,
    "3 of 4": ~((X % 2 == 0) & (Y % 2 == 0)),
    "15 of 16": ~((X % 4 == 0) & (Y % 4 == 0)),
    "dither of 20 %": random(0.2),
    "dither of 50 %": random(0.5),
    "dither of 90 %": random(0.9),
}


def line(thickness):
    hole = np.zeros((SIDE, SIDE), np.uint8)
    cv2.line(hole, (5, 10), (90, 70), 1, thickness)
    return hole > 0


def disc():
    hole = np.zeros((SIDE, SIDE), np.uint8)
    cv2.circle(hole, (48, 48), 30, 1, -1)
    return hole > 0


def slabs():
    """Two large holes with two known columns between them."""
    hole = np.zeros((SIDE, SIDE), bool)
    hole[20:80, 10:86] = True
    hole[:, 47:49] = False
    return hole


@pytest.mark.parametrize("name", LATTICES)
def test_lattices_are_interpolated(name):
    hole = LATTICES[name]
    part = interpolated_part(hole)
    assert not part[~hole].any()
    assert part.sum() > 0.95 * hole.sum()


@pytest.mark.parametrize(
    "hole", [line(1), line(2), line(4), line(12), disc(), slabs(), random(0.01)]
)
def test_strokes_specks_and_large_holes_are_left_to_the_network(hole):
    assert not interpolated_part(hole).any()


def test_the_edge_of_a_large_hole_beside_a_lattice_is_left_to_the_network():
    hole = disc() | ((X < 8) & (Y % 2 == 0))
    part = interpolated_part(hole)
    assert part[hole & (X < 4)].all()
    assert not part[disc()].any()


@pytest.mark.parametrize("name", LATTICES)
def test_a_model_fills_lattices_of_a_gradient_better_than_telea(name):
    """The network of the test fills everything black, as far as it is asked."""
    hole = LATTICES[name]
    image = np.where(hole[..., None], np.uint8(0), GRADIENT)

    def black(inputs):
        return np.full(inputs.shape[:3] + (3,), -1.0, np.float32)

    def error(filled):
        return np.abs(filled.astype(float) - GRADIENT)[interpolated_part(hole)].mean()

    composite = Predictor(black, 32, retouched=True).inpaint(image, hole)
    telea = cv2.inpaint(image, hole.astype(np.uint8), 3, cv2.INPAINT_TELEA)
    np.testing.assert_array_equal(composite[~hole], image[~hole])
    assert error(composite) < min(0.5, error(telea))


def test_only_known_pixels_count(rng):
    """Holes left to the network are no boundary values."""
    hole = LATTICES["checkerboard"].copy()
    hole[30:60, 30:60] = True
    image = GRADIENT.copy()
    image[hole] = rng.integers(0, 256, (hole.sum(), 3))
    part = interpolated_part(hole)
    solved = interpolate(image, part, ~hole)
    np.testing.assert_allclose(solved[part].astype(int), GRADIENT[part], atol=6)
    np.testing.assert_array_equal(solved[~part], image[~part])


def test_a_part_is_interpolated_as_in_the_whole_picture(rng):
    image = rng.integers(0, 256, (80, 90, 3), np.uint8)
    mask = np.zeros((80, 90), bool)
    mask[20:60, 30:70] = np.indices((40, 40)).sum(axis=0) % 2
    part = interpolated_part(mask)
    assert part.any()
    expected = interpolate(image, part, ~mask)
    Holes(mask).interpolate(image)
    assert np.abs(image.astype(int) - expected).max() <= 1


def test_a_lattice_costs_no_window():
    calls = []

    def black(inputs):
        calls.append(inputs)
        return np.full(inputs.shape[:3] + (3,), -1.0, np.float32)

    Predictor(black, 32).inpaint(GRADIENT, LATTICES["checkerboard"])
    assert not calls
