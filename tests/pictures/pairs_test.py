"""Which files go together."""

import os

import pytest

from tf_btgmi.pictures.pairs import Job, find_jobs


@pytest.fixture
def folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("photos/a.jpg", "photos/b.png", "photos/c.gif", "photos/notes.txt"):
        touch(name)
    for name in ("masks/a.png", "masks/c.bmp", "masks/d.png", "masks/.hidden.png"):
        touch(name)


def touch(name):
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    with open(name, "wb"):
        pass


def test_folders_are_paired_by_stem_and_the_rest_is_named(folders):
    jobs, unmatched = find_jobs("photos", "masks", "out")
    assert jobs == [
        Job("photos/a.jpg", "masks/a.png", "out/a.jpg"),
        Job("photos/c.gif", "masks/c.bmp", "out/c.png"),
    ]
    assert unmatched == [
        "photos/b.png: no mask named b.* in masks",
        "masks/d.png: no picture named d.* in photos",
    ]


def test_one_mask_serves_all_pictures(folders):
    jobs, unmatched = find_jobs("photos/*.*g", "masks/d.png", "out")
    assert [job.image for job in jobs] == ["photos/a.jpg", "photos/b.png"]
    assert {job.mask for job in jobs} == {"masks/d.png"}
    assert unmatched == []


def test_one_picture_finds_its_mask_in_a_folder(folders):
    jobs, unmatched = find_jobs("photos/a.jpg", "masks", "result.png")
    assert jobs == [Job("photos/a.jpg", "masks/a.png", "result.png")]
    assert unmatched == []


def test_one_picture_goes_into_a_folder_that_exists_or_ends_in_a_slash(folders):
    os.mkdir("there")
    for output in ("there", "new/"):
        ((_, _, path),) = find_jobs("photos/a.jpg", "masks/a.png", output)[0]
        assert path == os.path.join(output, "a.jpg")


@pytest.mark.parametrize(
    "image, mask, output, words",
    [
        ("nowhere", "masks", "out", "--image: there is no nowhere"),
        ("photos/*.tif", "masks", "out", "--image: photos/\\*.tif has no pictures"),
        ("photos", "nowhere", "out", "--mask: there is no nowhere"),
        ("photos", "empty", "out", "--mask: empty has no pictures"),
        ("empty", "masks", "out", "--image: empty has no pictures"),
        ("photos", "masks", "out.png", "--output: out.png is a file"),
        ("photos", "masks", "photos/notes.txt", "is a file"),
        ("photos/a.jpg", "masks", "out.xyz", "the ending is .xyz"),
        ("photos/a.jpg", "masks", "out", "the ending is missing"),
        ("photos", "twice", "out", "go with the same picture"),
        ("*/same.png", "masks/a.png", "out", "2 pictures would be written"),
    ],
)
def test_mistakes_are_said(folders, image, mask, output, words):
    os.mkdir("empty")
    for name in ("twice/a.png", "twice/a.bmp", "x/same.png", "y/same.png"):
        touch(name)
    with pytest.raises(ValueError, match=words):
        find_jobs(image, mask, output)
