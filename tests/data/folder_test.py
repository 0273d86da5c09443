import os

import pytest
from PIL import Image

from tf_btgmi.data.batch_slice import BatchSlice
from tf_btgmi.data.folder import FolderSource
from tf_btgmi.data.unreadable import UnreadableError
from tf_btgmi.pictures.formats import ENDINGS
from tf_btgmi.pictures.listing import list_pictures


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_pictures_of_all_endings_are_listed_below_and_in_natural_order(tmp_path):
    touch(tmp_path, "a10.JPG", "a2.jpeg", "b/c.Png", "b/d.webp", "a1.bmp", "t.txt")
    assert list_pictures(str(tmp_path)) == [
        "a1.bmp",
        "a2.jpeg",
        "a10.JPG",
        "b/c.Png",
        "b/d.webp",
    ]


def test_hidden_names_are_left_out(tmp_path):
    touch(tmp_path, "a.png", "._a.png", ".cache/b.png")
    assert list_pictures(str(tmp_path)) == ["a.png"]


def test_links_are_followed_once_and_loops_end(tmp_path):
    touch(tmp_path, "top/a.png", "elsewhere/b.png")
    os.symlink(tmp_path / "top", tmp_path / "top" / "loop")
    os.symlink(tmp_path / "elsewhere", tmp_path / "top" / "one")
    os.symlink(tmp_path / "elsewhere", tmp_path / "top" / "two")
    assert list_pictures(str(tmp_path / "top")) == ["a.png", "one/b.png"]


def test_no_pictures_is_one_line_with_the_folder_and_the_endings(tmp_path):
    touch(tmp_path, "a.txt")
    with pytest.raises(ValueError) as error:
        list_pictures(str(tmp_path))
    assert str(error.value) == (
        f"There is no picture in {tmp_path} or below it; looked for files ending in "
        f"{' '.join(ENDINGS)}. Skipped in {tmp_path}: 1 .txt."
    )
    assert {".jpg", ".png", ".webp", ".tif"} < set(ENDINGS)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match="There is no folder .*nowhere"):
        list_pictures(str(tmp_path / "nowhere"))


def test_held_out_pictures_depend_on_names_alone_and_are_not_trained_on(make_folder):
    first = FolderSource(str(make_folder(20, name="one")), 5)
    second = FolderSource(str(make_folder(20, name="two")), 5)
    assert first.held_out_names == second.held_out_names
    assert len(first.held_out_names) == 5
    assert not set(first.held_out_names) & set(first.training_names)
    assert first.num_training == 15
    # Another picture changes the choice by one name at most.
    touch(make_folder(20, name="three"), "p20.png")
    third = FolderSource(second.folder.replace("two", "three"), 5)
    assert len(set(third.held_out_names) & set(first.held_out_names)) >= 4


@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_an_epoch_holds_every_picture_once_and_epochs_differ(make_folder, count):
    source = FolderSource(str(make_folder(count)))
    records = source.training_records(3, BatchSlice(count, 0, count), 0, 2)
    keys = [int(key) for _, key in records.as_numpy_iterator()]
    assert sorted(keys[:count]) == sorted(keys[count:]) == list(range(count))
    assert count < 7 or keys[:count] != keys[count:]
    assert count < 7 or keys[:count] != sorted(keys[:count])


def test_the_order_depends_on_the_seed(make_folder):
    source = FolderSource(str(make_folder(50)))
    own = BatchSlice(50, 0, 50)
    orders = [
        [int(key) for _, key in source.training_records(seed, own, 0, 1)]
        for seed in (0, 1, 0)
    ]
    assert orders[0] == orders[2] != orders[1]


def test_resuming_after_a_billion_steps_is_immediate(make_folder):
    source = FolderSource(str(make_folder(10)))
    records = source.training_records(0, BatchSlice(4, 0, 4), 10**9, 1)
    assert [int(i) for i, _ in records] == [4 * 10**9 + j for j in range(4)]


def test_an_unreadable_picture_is_replaced_by_the_next_and_counted_once(make_folder):
    folder = make_folder(200)
    (folder / "p7.png").write_bytes((folder / "p7.png").read_bytes()[:40])
    source = FolderSource(str(folder))
    for _ in range(2):
        assert source.read(7).tolist() == source.read(8).tolist()
    assert list(source.unreadable.names) == ["p7.png"]
    os.remove(folder / "p199.png")
    assert source.read(199).tolist() == source.read(0).tolist()
    assert list(source.unreadable.names) == ["p7.png", "p199.png"]


def test_more_than_one_percent_unreadable_stops_with_their_names(make_folder):
    folder = make_folder(200)
    for number in (7, 8, 9):
        (folder / f"p{number}.png").write_bytes(b"not a picture")
    source = FolderSource(str(folder))
    with pytest.raises(UnreadableError, match="3 of the 200 .* p7.png, p8.png, p9.png"):
        source.read(7)


def test_a_replacement_for_a_held_out_picture_is_held_out(make_folder):
    folder = make_folder(200)
    source = FolderSource(str(folder), 2)
    broken, whole = source.held_out_names
    (folder / broken).write_bytes(b"")
    expected = Image.open(folder / whole).getpixel((0, 0))
    assert tuple(source.read(0, held_out=True)[0, 0]) == expected


def test_the_description_of_one_picture_is_singular(tmp_path):
    touch(tmp_path, "1.png")
    first = FolderSource(str(tmp_path)).describe()[0]
    assert first == f"folder:{tmp_path}: 1 picture, 0 for validation"


def test_the_description_counts_by_subfolder_and_names_the_first(tmp_path):
    touch(tmp_path, "images/1.png", "images/2.png", "masks/1.png", "masks/2.png")
    assert FolderSource(str(tmp_path), 1).describe() == [
        f"folder:{tmp_path}: 4 pictures, 1 for validation",
        "  in images/: 2, masks/: 2",
        f"  {tmp_path}/images/1.png",
        f"  {tmp_path}/images/2.png",
        f"  {tmp_path}/masks/1.png",
    ]
