import numpy as np
import pytest
from PIL import Image

from tf_btgmi.data.object_folder import ObjectFolder
from tf_btgmi.data.object_masks import fit_mask, random_segment
from tf_btgmi.data.sources import open_source


def test_pictures_are_those_with_a_mask_of_their_name(make_objects):
    folder = make_objects(5)
    (folder / "masks" / "p3.png").unlink()
    source = ObjectFolder(str(folder))
    assert source.training_names == ["p0.png", "p1.png", "p2.png", "p4.png"]
    assert source.describe()[-1].startswith("  1 picture without")


def test_a_picture_comes_with_its_own_object_and_another_one(make_objects, color_of):
    source = ObjectFolder(str(make_objects(4)), num_held_out=1)
    held_out = source.held_out_names
    assert len(held_out) == 1 and source.num_training == 3
    others = set()
    for seed in range(12):
        for key in range(3):
            rng = np.random.default_rng(seed)
            own, other = source.read_objects(np.int64(key), rng=rng)
            number = int(source.training_names[key][1:-4])
            np.testing.assert_array_equal(own.image[0, 0], color_of(number))
            # Object number n takes the first n + 1 columns.
            np.testing.assert_array_equal(own.mask.sum(1), [number + 1] * 7)
            assert other.mask.sum() != own.mask.sum()
            others.add((number, int(other.mask.sum() // 7) - 1))
    training = {int(name[1:-4]) for name in source.training_names}
    assert others == {(a, b) for a in training for b in training if a != b}


def test_masks_are_read_and_paired_as_everywhere(make_objects):
    """Red strokes on a transparent layer, called NAME_mask001."""
    folder = make_objects(1)
    (folder / "masks" / "p0.png").unlink()
    strokes = np.zeros((7, 9, 4), np.uint8)
    strokes[2:5, 3:6] = (200, 10, 10, 90)
    Image.fromarray(strokes).save(folder / "masks" / "p0_mask001.png")
    source = ObjectFolder(str(folder))
    assert source.training_names == ["p0.png"]
    own, _ = source.read_objects(0, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(own.mask, strokes[..., 3] > 0)


def test_the_same_seed_reads_the_same(make_objects):
    source = ObjectFolder(str(make_objects(6)))
    found = [source.read_objects(2, rng=np.random.default_rng(7)) for _ in range(2)]
    for one, other in zip(*found):  # noqa: B905
        np.testing.assert_array_equal(one.mask, other.mask)


def test_held_out_pictures_get_held_out_others(make_objects):
    source = ObjectFolder(str(make_objects(6)), num_held_out=2)
    allowed = {7 * (int(name[1:-4]) + 1) for name in source.held_out_names}
    for key in range(2):
        pair = source.read_objects(key, rng=np.random.default_rng(0), held_out=True)
        assert {int(item.mask.sum()) for item in pair} == allowed


def test_one_region_of_an_index_map_is_drawn(make_objects):
    folder = make_objects(2)
    (folder / "masks").rename(folder / "segments")
    segments = np.zeros([7, 9], np.uint8)
    segments[:, 4:], segments[0, 0] = 9, 5
    for name in ("p0", "p1"):
        Image.fromarray(segments).save(folder / "segments" / f"{name}.png")
    source = ObjectFolder(str(folder))
    found = {
        int(source.read_objects(0, rng=np.random.default_rng(seed))[0].mask.sum())
        for seed in range(20)
    }
    assert found == {27, 35, 1}


def test_one_of_several_masks_of_a_picture_is_drawn(make_objects):
    folder = make_objects(2)
    for number in (1, 2):
        mask = np.zeros([7, 9], np.uint8)
        mask[:number, :2] = 255
        Image.fromarray(mask).save(folder / "masks" / f"p0_mask{number}.png")
    (folder / "masks" / "p0_mask3.png").write_bytes(b"damaged")

    def drawn(source, seed):
        return int(
            source.read_objects(0, rng=np.random.default_rng(seed))[0].mask.sum()
        )

    source = ObjectFolder(str(folder))
    found = [drawn(source, seed) for seed in range(40)]
    assert set(found) == {7, 2, 4}
    # The damaged one is passed over, now and in a run that has not met it yet.
    assert list(source.unreadable.names) == ["masks/p0_mask3.png"]
    assert [drawn(ObjectFolder(str(folder)), seed) for seed in range(40)] == found


def test_an_example_is_the_same_before_and_after_a_picture_is_found_unreadable(
    make_objects,
):
    folder = make_objects(4)
    (folder / "masks").rename(folder / "segments")
    segments = np.arange(63, dtype=np.uint8).reshape(7, 9)
    for number in range(4):
        # The region of number 1 is drawn before its proportions are refused.
        array = segments[:, :3] if number == 1 else segments
        Image.fromarray(array).save(folder / "segments" / f"p{number}.png")
    for seed in range(3):
        source = ObjectFolder(str(folder))
        first, again = (
            source.read_objects(1, rng=np.random.default_rng(seed)) for _ in range(2)
        )
        assert list(source.unreadable.names) == ["p1.png"]
        for one, other in zip(first, again):  # noqa: B905
            np.testing.assert_array_equal(one.mask, other.mask)


def test_small_regions_are_not_drawn_unless_there_are_no_others(rng):
    segments = np.zeros([20, 20], np.uint8)
    segments[0, :3] = 1
    assert {int(random_segment(segments, rng).sum()) for _ in range(20)} == {397}
    everything_small = np.arange(400).reshape(20, 20)
    everything_small[0, 1] = 0
    assert random_segment(everything_small, rng).sum() == 2


def test_a_colour_picture_is_no_index_map(rng):
    with pytest.raises(ValueError, match="one channel of integers"):
        random_segment(np.zeros([4, 4, 3], np.uint8), rng)


def test_a_mask_is_brought_to_the_size_that_was_decoded():
    mask = np.zeros([8, 16], bool)
    mask[:, 8:] = True
    small = fit_mask(mask, np.zeros([4, 8, 3], np.uint8))
    np.testing.assert_array_equal(small, np.tile(np.arange(8) >= 4, [4, 1]))
    with pytest.raises(ValueError, match="16x8, and the picture has other proportions"):
        fit_mask(mask, np.zeros([8, 8, 3], np.uint8))


@pytest.mark.parametrize("missing", ["images", "masks"])
def test_a_missing_folder_is_named_with_what_is_wanted(make_objects, missing):
    folder = make_objects(2)
    (folder / missing).rename(folder / "other")
    with pytest.raises(ValueError, match="must have the folders images and masks"):
        ObjectFolder(str(folder))


def test_names_that_never_meet_are_an_error(make_objects):
    folder = make_objects(2)
    for number in range(2):
        (folder / "masks" / f"p{number}.png").rename(folder / "masks" / f"{number}.png")
    with pytest.raises(
        ValueError, match="no file named like .* 2 pictures in .*images"
    ):
        ObjectFolder(str(folder))


def test_an_unknown_form_of_source_is_named():
    for spec in ("folder:", "photos", "s3:photos"):
        with pytest.raises(ValueError, match=f"For this task a source is .* '{spec}'"):
            open_source(spec, with_objects=True)
