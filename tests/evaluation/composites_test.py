"""Composites depend on name and seed alone; their surroundings are the truth's."""

import cv2
import numpy as np
import pytest
from PIL import Image

from tf_btgmi.evaluation.composites import Composites, composite
from tf_btgmi.evaluation.hole_masks import seed_of

SIZE = 40


def scene(height=60, width=90, box=(10, 20, 45, 60)):
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(30, 220, (6, 6, 3), np.uint8))
    image = np.asarray(small.resize((width, height), Image.BICUBIC))
    mask = np.zeros((height, width), bool)
    y0, x0, y1, x1 = box
    mask[y0:y1, x0:x1] = True
    return image, mask


def many(kind, count=30, **values):
    made = [
        composite(*scene(**values), SIZE, kind, seed_of("a", n)) for n in range(count)
    ]
    return [example for example in made if example is not None]


@pytest.mark.parametrize("kind", ["plain", "hard"])
def test_only_the_object_is_changed(kind):
    for example in many(kind):
        assert example.image.shape == example.input_image.shape == (SIZE, SIZE, 3)
        same = ~example.mask
        np.testing.assert_array_equal(example.input_image[same], example.image[same])
        changed = (example.input_image != example.image).any(-1)[example.mask]
        assert changed.mean() > 0.5


def test_the_plain_set_shows_the_photograph_with_the_object_in_the_middle():
    image, mask = scene()
    example = composite(image, mask, 60, "plain", 3)
    # A square of 60 columns around column 40 starts at 10.
    np.testing.assert_array_equal(example.image, image[:, 10:70])
    np.testing.assert_array_equal(example.mask, mask[:, 10:70])


def test_the_plain_set_shifts_the_colours_of_an_object_by_so_much_at_most():
    image, mask = scene()
    image = np.where(mask[..., None], np.uint8([150, 80, 90]), image)

    def lab(picture):
        colors = picture[mask[:, 10:70]].astype(np.float32) / 255
        return cv2.cvtColor(colors[None], cv2.COLOR_RGB2LAB)[0].mean(axis=0)

    shifts = []
    for seed in range(20):
        example = composite(image, mask, 60, "plain", seed)
        shifts.append(lab(example.input_image) - lab(example.image))
    # Shifts are clipped at 30; levels are rounded.
    assert np.abs(shifts).max() < 32
    assert (np.std(shifts, axis=0) > 5).all() and np.abs(np.mean(shifts, 0)).max() < 8


def test_the_hard_set_cuts_some_objects_and_clashes_with_some():
    cut = clashing = 0
    image, mask = scene(60, 60, (15, 15, 45, 45))
    for seed in range(60):
        example = composite(image, mask, 60, "hard", seed)
        edges = [example.mask[0], example.mask[-1], *example.mask.T[[0, -1]]]
        is_cut = any(edge.any() for edge in edges)
        cut += is_cut
        if not is_cut:
            np.testing.assert_array_equal(example.image[mask], image[mask])
            clashing += (example.image[~mask] != image[~mask]).any()
    assert 20 <= cut <= 40
    assert 4 <= clashing <= 20


@pytest.mark.parametrize("kind", ["plain", "hard"])
def test_the_same_name_and_seed_make_the_same_whatever_lies_beside(tmp_path, kind):
    image, mask = scene()
    for name in ("a", "b", "c"):
        Image.fromarray(mask.astype(np.uint8) * 255).save(tmp_path / f"{name}.png")
    alone = Composites(kind, 0, str(tmp_path), ["a"]).example("a", image, SIZE)
    among = Composites(kind, 0, str(tmp_path), ["a", "b", "c"])
    for first, second in zip(alone, among.example("a", image, SIZE)):
        np.testing.assert_array_equal(first, second)
    assert (among.example("b", image, SIZE).input_image != alone.input_image).any()
    other = Composites(kind, 1, str(tmp_path), ["a"]).example("a", image, SIZE)
    assert (
        other.input_image.shape != alone.input_image.shape
        or (other.input_image != alone.input_image).any()
    )


@pytest.mark.parametrize("box", [(0, 0, 0, 0), (0, 0, 60, 90), (30, 40, 32, 42)])
def test_objects_too_small_or_too_large_are_left_out(box):
    assert composite(*scene(box=box), SIZE, "plain", 0) is None


def test_a_mask_of_another_size_is_said(tmp_path):
    image, mask = scene()
    Image.fromarray(mask[:50].astype(np.uint8) * 255).save(tmp_path / "a.png")
    made = Composites("plain", 0, str(tmp_path), ["a"])
    with pytest.raises(ValueError, match="is 90x50 pixels; its picture is 90x60"):
        made.example("a", image, SIZE)
    with pytest.raises(ValueError, match="no mask for 1 picture;"):
        Composites("plain", 0, str(tmp_path), ["b"])
