import json

import numpy as np
import pytest
from PIL import Image

from tf_btgmi.data import coco_source
from tf_btgmi.data.sources import open_source

# A column of two pixels, one pixel below and beside it.
MASK = np.array([[0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], bool)


def compress(counts):
    """The other way round, written from the same description."""
    text = ""
    for position, count in enumerate(counts):
        value = count - counts[position - 2] if position > 2 else count
        while True:
            bits = value & 31
            value >>= 5
            more = value != (-1 if bits & 16 else 0)
            text += chr(48 + bits + 32 * more)
            if not more:
                break
    return text


def annotation(picture, segmentation, area=100.0, crowd=0):
    return {
        "image_id": picture,
        "segmentation": segmentation,
        "area": area,
        "iscrowd": crowd,
    }


@pytest.fixture
def place(tmp_path):
    """Three pictures: a polygon, a run-length code, a crowd and a tiny object."""
    for name in ("a", "b", "c"):
        Image.new("RGB", (40, 30), "red").save(tmp_path / f"{name}.png")
    pictures = [
        {"id": i, "file_name": f"{n}.png", "height": 30, "width": 40}
        for i, n in enumerate("abc")
    ]
    half = {"size": [30, 40], "counts": [600, 600]}
    tree = {
        "images": pictures,
        "annotations": [
            annotation(0, [[10, 5, 20, 5, 20, 25, 10, 25]], 200.0),
            annotation(1, half, 600.0),
            annotation(2, half, 600.0, crowd=1),
            annotation(2, [[0, 0, 1, 0, 1, 1]], 1.0),
        ],
    }
    (tmp_path / "instances.json").write_text(json.dumps(tree))
    return tmp_path


def test_pictures_with_a_usable_object_are_read_with_it(place):
    source = open_source(f"coco:{place}/instances.json:{place}", with_objects=True)
    assert source.training_names == ["a.png", "b.png"]
    first, second = source.read_objects(0, rng=np.random.default_rng(0))
    rows, columns = (np.flatnonzero(first.mask.any(axis)) for axis in (1, 0))
    assert (rows[0], columns[0]) == (5, 10)
    assert abs(rows[-1] - 24) <= 1 and abs(columns[-1] - 19) <= 1
    assert first.mask.sum() == rows.size * columns.size
    np.testing.assert_array_equal(second.mask, np.arange(40) >= 20 + np.zeros([30, 1]))


def test_several_polygons_are_one_object():
    squares = [[0, 0, 4, 0, 4, 4, 0, 4], [6, 6, 9, 6, 9, 9, 6, 9]]
    mask = coco_source.polygon_mask(squares, 12, 12)
    assert mask[1, 1] and mask[7, 7] and not mask[5, 5]
    assert 16 + 9 <= mask.sum() <= 25 + 16


def test_a_run_length_code_runs_down_the_columns():
    counts = [3, 2, 3, 1, 3]
    np.testing.assert_array_equal(coco_source.run_length_mask(counts, 3, 4), MASK)
    compressed = compress(counts)
    np.testing.assert_array_equal(coco_source.run_length_mask(compressed, 3, 4), MASK)


def test_a_compressed_code_of_known_characters():
    # 3 -> '3', 2 -> '2', 3 -> '3', then the differences -1 -> 'O' and 0 -> '0'.
    assert coco_source.decompress("323O0") == [3, 2, 3, 1, 3]
    # 40 = 8 + 32: its low five bits, 8, and more to come; then 1.
    assert coco_source.decompress("X1") == [40]


def test_compressed_codes_of_any_length(rng):
    for _ in range(20):
        counts = [int(n) for n in rng.integers(0, 5000, rng.integers(1, 30))]
        assert coco_source.decompress(compress(counts)) == counts


def test_a_code_of_another_size_is_refused():
    with pytest.raises(ValueError, match="has 5 pixels, its picture 12"):
        coco_source.run_length_mask([3, 2], 3, 4)


@pytest.mark.parametrize(
    "segmentation",
    [
        [[10, 5, 20, 5, 20, 25, 10]],
        [[10, 5, 20, 5]],
        [[10, 5, 20, 5, "x", 25]],
        [[10, 5, 20, 5, float("nan"), 25]],
        [],
        [[[10, 5], [20, 5], [20, 25]]],
        {"size": [30, 40], "counts": [600, 599]},
        {"size": [30, 40], "counts": [1300, -100]},
        {"size": [30, 40], "counts": [10**15]},
        {"size": [40, 30], "counts": [600, 600]},
        {"size": [30, 40], "counts": "32"},
        {"size": [30, 40], "counts": "é"},
        {"size": [30, 40]},
        None,
        7,
    ],
)
def test_a_damaged_object_is_left_out_with_a_warning(place, segmentation, caplog):
    """Not found in the midst of a training, which then could not be resumed alike."""
    path = place / "instances.json"
    tree = json.loads(path.read_text())
    tree["annotations"] += [annotation(0, segmentation), annotation(2, segmentation)]
    path.write_text(json.dumps(tree))
    with caplog.at_level("WARNING"):
        source = open_source(f"coco:{path}:{place}", with_objects=True)
    assert "Left out 2 objects" in caplog.text and "the first of a.png" in caplog.text
    assert source.training_names == ["a.png", "b.png"]
    for seed in range(8):
        source.read_objects(0, rng=np.random.default_rng(seed))
    assert not source.unreadable.names


@pytest.mark.parametrize(
    "content, message",
    [
        ('{"images": []}', "not a COCO instances file: KeyError 'annotations'"),
        ("[]", "not a COCO instances file"),
        ("nothing", "not a COCO instances file"),
        ('{"images": [], "annotations": []}', "has no object of at least 0.4%"),
    ],
)
def test_another_file_is_refused_with_one_line(tmp_path, content, message):
    (tmp_path / "i.json").write_text(content)
    with pytest.raises(ValueError, match=message) as caught:
        open_source(f"coco:{tmp_path}/i.json:{tmp_path}", with_objects=True)
    assert "\n" not in str(caught.value)


def test_what_is_not_there_is_named(place):
    with pytest.raises(ValueError, match="There is no file .*other.json"):
        open_source(f"coco:{place}/other.json:{place}", with_objects=True)
    with pytest.raises(ValueError, match="There is no folder .*none"):
        open_source(f"coco:{place}/instances.json:{place}/none", with_objects=True)
    (place / "empty").mkdir()
    with pytest.raises(ValueError, match="has no picture a.png, which is in"):
        open_source(f"coco:{place}/instances.json:{place}/empty", with_objects=True)
