"""Which files go together."""

import os

import pytest

from tf_btgmi.cli.jobs import Job, find_jobs


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
    jobs, unmatched, notes = find_jobs("photos", "masks", "out")
    assert jobs == [
        Job.of("photos/a.jpg", "masks/a.png", "out/a.jpg"),
        Job.of("photos/c.gif", "masks/c.bmp", "out/c.png"),
    ]
    assert unmatched == [
        "photos/b.png: no mask named b.* or b_mask* in masks",
        "masks/d.png: no picture named d.* in photos",
    ]
    assert notes == ["Skipped in photos: 1 .txt."]


def test_accents_pair_in_either_unicode_form(folders):
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    touch(f"mac/{decomposed}/{decomposed}.jpg")
    touch(f"drawn/{composed}/{composed}_mask.png")
    (job,), unmatched, _ = find_jobs("mac", "drawn", "out")
    assert job.image == f"mac/{decomposed}/{decomposed}.jpg" and not unmatched
    assert job.mask == f"drawn/{composed}/{composed}_mask.png"


def test_one_mask_serves_all_pictures(folders):
    jobs, unmatched, _ = find_jobs("photos/*.*g", "masks/d.png", "out")
    assert [job.image for job in jobs] == ["photos/a.jpg", "photos/b.png"]
    assert {job.mask for job in jobs} == {"masks/d.png"}
    assert unmatched == []


def test_one_picture_finds_its_mask_in_a_folder(folders):
    jobs, unmatched, _ = find_jobs("photos/a.jpg", "masks", "result.png")
    assert jobs == [Job.of("photos/a.jpg", "masks/a.png", "result.png")]
    assert unmatched == []


def test_one_picture_goes_into_a_folder_that_exists_or_ends_in_a_slash(folders):
    os.mkdir("there")
    for output in ("there", "new/"):
        (job,) = find_jobs("photos/a.jpg", "masks/a.png", output)[0]
        assert job.output == os.path.join(output, "a.jpg")


def pairs_of(*arguments):
    jobs, unmatched, notes = find_jobs(*arguments)
    return [(job.image, job.mask, job.output) for job in jobs], unmatched, notes


@pytest.mark.parametrize("image", ["lama", "lama/*.png", "./lama"])
@pytest.mark.parametrize("mask", ["lama", "lama/*_mask*.png"])
def test_a_picture_is_never_its_own_mask_but_pairs_with_name_mask(folders, image, mask):
    for name in ("1.png", "1_mask001.png", "2.png", "2_mask.png", "a_mask_b.png"):
        touch(f"lama/{name}")
    jobs, unmatched, _ = pairs_of(image, mask, "out")
    found = {os.path.normpath(a): os.path.normpath(b) for a, b, _ in jobs}
    assert found == {
        "lama/1.png": "lama/1_mask001.png",
        "lama/2.png": "lama/2_mask.png",
    }
    # A picture, since there is no a.*.
    (line,) = [text for text in unmatched if "no mask named" in text]
    assert "a_mask_b.png: no mask named a_mask_b.* or a_mask_b_mask* in" in line


def test_a_single_picture_finds_a_mask_beside_it_and_not_itself(folders):
    for name in ("x/a.jpg", "x/a.png", "y/a.jpg", "y/a_mask.png", "z/a.jpg"):
        touch(name)
    assert pairs_of("x/a.jpg", "x", "o.png")[0] == [("x/a.jpg", "x/a.png", "o.png")]
    assert pairs_of("y/a.jpg", "y", "o.png")[0] == [
        ("y/a.jpg", "y/a_mask.png", "o.png")
    ]
    assert pairs_of("z/a.jpg", "z", "o.png")[0] == []
    # The mask for all is no picture.
    assert pairs_of("y", "y/a_mask.png", "out")[0] == [
        ("y/a.jpg", "y/a_mask.png", "out/a.jpg")
    ]


def test_masks_of_other_pictures_than_a_globs_are_no_error(folders):
    jobs, unmatched, _ = pairs_of("photos/a.*", "masks", "out")
    assert [job[0] for job in jobs] == ["photos/a.jpg"]
    assert unmatched == []


def test_folders_below_are_taken_but_for_masks_and_results_in_them(folders):
    for name in ("all/a.png", "all/sea/a.png", "all/m/a.png", "all/m/sea/a_mask.png"):
        touch(name)
    touch("all/out/a.png")
    jobs, unmatched, _ = pairs_of("all", "all/m", "all/out")
    assert jobs == [
        ("all/a.png", "all/m/a.png", "all/out/a.png"),
        ("all/sea/a.png", "all/m/sea/a_mask.png", "all/out/sea/a.png"),
    ]
    assert unmatched == []


@pytest.mark.parametrize("output", ["photos/out", "./photos/out", "link"])
def test_results_and_masks_below_a_pattern_are_not_pictures(folders, output):
    for name in ("photos/out/a.jpg", "photos/out/b.png", "photos/m/a.png"):
        touch(name)
    os.symlink("photos/out", "link")
    jobs, _, _ = find_jobs("photos/**/*.*", "photos/m", output)
    assert [job.image for job in jobs] == ["photos/a.jpg"]
    # A folder that has all of them is that of the pictures.
    (job,) = find_jobs("photos/out/*.jpg", "masks", "photos/out")[0]
    assert job.image == "photos/out/a.jpg"


def test_a_folder_that_cannot_be_opened_is_counted(folders, monkeypatch):
    touch("photos/closed/e.jpg")
    scandir = os.scandir

    def refusing(path):
        if path == os.path.join("photos", "closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    found = find_jobs("photos", "masks", "out")
    assert found.notes == ["Skipped in photos: 1 .txt, 1 unreadable folders."]
    assert not any("closed" in line for line in found.unmatched)


def test_a_bracket_in_a_name_is_written_as_the_message_says(folders):
    touch("d[1]/a[2].jpg")
    for image in ("d[1]/a[2].jpg", "d[[]1]/*.jpg"):
        ((found, *_),) = pairs_of(image, "masks/a.png", "out/")[0]
        assert found == "d[1]/a[2].jpg"


def test_files_passed_over_are_counted_in_a_line(folders):
    for name in ("1.heicx", "2.heicx", "b.xmp", "noending", ".hidden"):
        touch(f"photos/{name}")
    _, _, notes = pairs_of("photos", "masks/a.png", "out")
    assert notes == [
        "Skipped in photos: 2 .heicx, 1 .txt, 1 .xmp, 1 without extension."
    ]


def test_a_pipe_in_a_folder_is_no_picture(folders):
    os.mkfifo("photos/pipe.png")
    os.symlink("gone.png", "photos/link.png")
    pairs, _, notes = pairs_of("photos", "masks/a.png", "out")
    names = {os.path.basename(image) for image, *_ in pairs}
    # A broken link is reported when it is read.
    assert "link.png" in names and "pipe.png" not in names
    assert notes == ["Skipped in photos: 1 .txt, 1 special files."]


@pytest.mark.parametrize(
    "image, mask, output, words",
    [
        ("nowhere", "masks", "out", "--image: there is no nowhere"),
        ("photos/*.tif", "masks", "out", "--image: photos/\\*.tif has no pictures"),
        ("photos", "nowhere", "out", "--mask: there is no nowhere"),
        ("photos", "empty", "out", "--mask: There is no picture in empty"),
        ("empty", "masks", "out", "--image: There is no picture in empty"),
        ("photos", "masks", "out.png", "--output: out.png is a file"),
        ("photos", "masks", "photos/notes.txt", "is a file"),
        ("photos/a.jpg", "masks", "out.xyz", "the file extension is .xyz"),
        ("photos/a.jpg", "masks", "out", "the file extension is missing"),
        ("photos", "twice", "out", "go with the same picture"),
        (
            "*/same.png",
            "masks/a.png",
            "out",
            "2 pictures would .* Run the program",
        ),
        (
            "photos/a[2].jpg",
            "masks",
            "out",
            r"no file of this name.*write \[\[\] f",
        ),
        ("photos[1]/*.jpg", "masks", "out", r"write \[\[\] for"),
    ],
)
def test_mistakes_are_said(folders, image, mask, output, words):
    os.mkdir("empty")
    for name in ("twice/a.png", "twice/a.bmp", "x/same.png", "y/same.png"):
        touch(name)
    with pytest.raises(ValueError, match=words):
        find_jobs(image, mask, output)
