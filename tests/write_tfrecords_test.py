import os
import resource
import shlex

import numpy as np
import pytest
from absl import flags
from PIL import Image

from tests.programs import run_main, run_program
from tf_btgmi import write_tfrecords
from tf_btgmi.cli import program
from tf_btgmi.data import tfrecord_shards
from tf_btgmi.data.sources import open_source

PROGRAM_MODULE = write_tfrecords


@pytest.fixture
def photos(tmp_path):
    """Twelve noisy pictures, one of them in a subfolder, one much larger."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(12):
        shape = [120, 80, 3] if number == 11 else [8, 12, 3]
        image = Image.fromarray(rng.integers(0, 256, shape).astype(np.uint8))
        image.save(folder / ("sub" if number == 5 else "") / f"{number}.png")
    return folder


def test_png_shards_give_every_picture_back_exactly(photos, tmp_path, capsys):
    out = tmp_path / "shards"
    values = {"source": f"folder:{photos}", "output": str(out), "format": "png"}
    assert not run_main(write_tfrecords, **values, num_shards=3)
    printed = capsys.readouterr().out
    assert "Wrote 12 pictures in 3 shards" in printed
    assert f"--config.data.source='tfrecord:{out}/*.tfrecord'" in printed
    assert sorted(os.listdir(out)) == [
        f"pictures-0000{shard}-of-00003.tfrecord" for shard in range(3)
    ]
    source = open_source(f"tfrecord:{out}/*.tfrecord")
    read = {
        source.read(name, encoded).tobytes()
        for name, encoded in source.records().as_numpy_iterator()
    }
    expected = {
        np.asarray(Image.open(path)).tobytes() for path in photos.rglob("*.png")
    }
    assert read == expected and len(read) == 12


def test_jpeg_shards_are_shrunk_skip_what_is_unreadable_and_replace(photos, tmp_path):
    import tensorflow as tf

    (photos / "3.png").write_bytes(b"not a picture")
    (photos / "sub" / "raw.cr2").write_bytes(b"a raw file")
    out = tmp_path / "shards"
    values = {"source": f"folder:{photos}", "output": str(out), "max_side": 60}
    result = run_program(
        "tf_btgmi.write_tfrecords",
        *(f"--{name}={value}" for name, value in values.items()),
        "--num_shards=2",
    )
    assert result.returncode == 0, result.stderr
    assert "Wrote 11 pictures in 2 shards" in result.stdout
    assert "skipped 1 unreadable" in result.stdout
    assert "Skipped 3.png: not a JPEG, PNG, WebP" in result.stderr
    assert f"Skipped in {photos}: 1 .cr2." in result.stderr
    records = tf.data.TFRecordDataset([str(path) for path in sorted(out.iterdir())])
    sizes = {}
    for record in records:
        feature = tf.train.Example.FromString(record.numpy()).features.feature
        name = feature["image/filename"].bytes_list.value[0].decode()
        height = feature["image/height"].int64_list.value[0]
        width = feature["image/width"].int64_list.value[0]
        encoded = feature["image/encoded"].bytes_list.value[0]
        assert tf.io.decode_jpeg(encoded).shape == (height, width, 3)
        sizes[name] = (height, width)
    assert sizes.pop("11.png") == (60, 40)
    assert set(sizes.values()) == {(8, 12)} and "sub/5.png" in sizes

    with pytest.raises(ValueError, match=f"{out} is not empty"):
        run_main(write_tfrecords, **values)
    (out / "notes.txt").write_text("kept")
    run_main(write_tfrecords, **values, overwrite=True)
    assert sorted(os.listdir(out)) == [
        "notes.txt",
        "pictures-00000-of-00001.tfrecord",
    ]


def test_files_that_become_too_large_are_reported_with_the_name_of_the_folder(
    photos, tmp_path
):
    out = tmp_path / "shards"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))
    try:
        with pytest.raises(OSError) as caught:
            run_main(
                write_tfrecords,
                source=f"folder:{photos}",
                output=str(out),
                format="png",
                num_shards=1,
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert program.message_of(caught.value) == f"{out}: File too large."
    assert os.listdir(out) == []


def test_the_printed_source_is_read_also_from_a_folder_with_brackets(
    photos, tmp_path, capsys
):
    out = tmp_path / "shards [1]"
    assert not run_main(write_tfrecords, source=f"folder:{photos}", output=str(out))
    printed = capsys.readouterr().out
    (word,) = [w for w in shlex.split(printed) if w.startswith("--config.data.source=")]
    source = open_source(word.partition("=")[2])
    assert len(list(source.records().as_numpy_iterator())) == 12


def test_a_picture_that_its_format_cannot_hold_is_skipped_and_named(
    photos, tmp_path, capsys
):
    # JPEG has at most 65,500 pixels a side.
    Image.new("RGB", (65_501, 1)).save(photos / "wide.png")
    out = tmp_path / "shards"
    assert not run_main(write_tfrecords, source=f"folder:{photos}", output=str(out))
    assert "Skipped wide.png: " in capsys.readouterr().err
    source = open_source(f"tfrecord:{out}/*.tfrecord")
    assert len(list(source.records().as_numpy_iterator())) == 12


def test_unfinished_shards_of_killed_programs_are_removed(photos, tmp_path):
    out = tmp_path / "shards"
    out.mkdir()
    killed, running = (
        out / f".pictures-00000.tmp-{process}" for process in (2**30, os.getppid())
    )
    killed.write_bytes(b"half")
    values = {"source": f"folder:{photos}", "output": str(out), "num_shards": 1}
    run_main(write_tfrecords, **values)
    assert os.listdir(out) == ["pictures-00000-of-00001.tfrecord"]
    for path in (killed, running):
        path.write_bytes(b"half")
    run_main(write_tfrecords, **values, overwrite=True)
    assert {path.name for path in out.iterdir()} == {
        running.name,
        "pictures-00000-of-00001.tfrecord",
    }


def test_shards_that_another_run_wrote_meanwhile_are_kept(
    photos, tmp_path, monkeypatch
):
    out = tmp_path / "shards"
    flags_of_both = {"source": f"folder:{photos}", "output": str(out)}
    write_shards = tfrecord_shards.write_shards

    def second(*arguments):
        monkeypatch.setattr(tfrecord_shards, "write_shards", write_shards)
        run_main(write_tfrecords, **flags_of_both, num_shards=2)
        return write_shards(*arguments)

    monkeypatch.setattr(tfrecord_shards, "write_shards", second)
    with pytest.raises(ValueError, match="Another program has written shards to .*out"):
        run_main(write_tfrecords, **flags_of_both, num_shards=1)
    names = sorted(os.listdir(out))
    assert names == [f"pictures-0000{shard}-of-00002.tfrecord" for shard in range(2)]
    monkeypatch.setattr(tfrecord_shards, "write_shards", write_shards)
    run_main(write_tfrecords, **flags_of_both, num_shards=1, overwrite=True)
    assert os.listdir(out) == ["pictures-00000-of-00001.tfrecord"]


def test_the_quality_is_at_most_100():
    with pytest.raises(flags.IllegalFlagValueError, match="quality"):
        run_main(write_tfrecords, quality=101)


def test_a_source_that_is_no_folder_is_quoted(tmp_path):
    with pytest.raises(program.UsageError, match="must be folder:PATH; it is photos"):
        run_main(write_tfrecords, source="photos", output=str(tmp_path))
