import gzip
import os

import pytest
import tensorflow as tf

from tf_btgmi.data.batch_slice import BatchSlice
from tf_btgmi.data.tfrecord_source import TFRecordSource, count_records
from tf_btgmi.data.unreadable import UnreadableError, clear_line


def write(path, records):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)


@pytest.fixture
def encoded(make_folder):
    folder = make_folder(150, size=(3, 3))
    return [(folder / f"p{number}.png").read_bytes() for number in range(150)]


def test_records_are_counted_by_their_headers(tmp_path):
    write(tmp_path / "a", [b"", b"x" * 1000, b"yz"])
    assert count_records(str(tmp_path / "a")) == (3, 0)
    write(tmp_path / "empty", [])
    assert count_records(str(tmp_path / "empty")) == (0, 0)


def test_a_file_cut_off_counts_what_is_complete(tmp_path):
    write(tmp_path / "a", [b"one", b"two", b"three"])
    os.truncate(tmp_path / "a", os.path.getsize(tmp_path / "a") - 2)
    assert count_records(str(tmp_path / "a")) == (2, 1)


def test_other_files_and_compressed_ones_are_refused(tmp_path):
    (tmp_path / "text").write_text("no records in here, just a line of text")
    (tmp_path / "gz").write_bytes(gzip.compress(os.urandom(500)))
    for name in ("text", "gz"):
        with pytest.raises(ValueError, match=f"{name} is not a TFRecord file"):
            TFRecordSource(str(tmp_path / name), 0, 10)


def test_nothing_there_is_one_line(tmp_path):
    with pytest.raises(ValueError, match="There is no file .*none"):
        TFRecordSource(str(tmp_path / "none*"), 0, 10)
    write(tmp_path / "empty", [])
    with pytest.raises(ValueError, match=r"There is no record in .*empty \(1 files\)"):
        TFRecordSource(str(tmp_path / "empty"), 0, 10)


@pytest.mark.parametrize("key", ["image/encoded", "image"])
def test_both_names_of_the_picture_are_read(tmp_path, encoded, serialized, key):
    write(tmp_path / "a", [serialized(encoded[5], key)])
    ((name, picture),) = TFRecordSource(str(tmp_path / "a"), 0, 1).records()
    assert name == f"{tmp_path / 'a'}#0".encode()
    assert picture == encoded[5]


def test_the_first_records_in_natural_order_are_held_out(tmp_path, encoded, serialized):
    write(tmp_path / "s10", map(serialized, encoded[4:7]))
    write(tmp_path / "s2", map(serialized, encoded[:4]))
    source = TFRecordSource(str(tmp_path / "s*"), 5, 10)
    held_out = list(source.held_out_records().as_numpy_iterator())
    assert [picture for _, _, picture in held_out] == encoded[:5]
    assert (source.num_held_out, source.num_training) == (5, 2)
    assert source.describe() == [
        f"tfrecord:{tmp_path}/s*: 7 pictures, 5 for validation",
        f"  {tmp_path}/s2#0",
        f"  {tmp_path}/s2#1",
        f"  {tmp_path}/s2#2",
    ]


def test_a_cut_off_file_is_read_up_to_there_and_counted(tmp_path, encoded, serialized):
    write(tmp_path / "a", map(serialized, encoded))
    os.truncate(tmp_path / "a", os.path.getsize(tmp_path / "a") - 2)
    source = TFRecordSource(str(tmp_path / "a"), 0, 10)
    assert list(source.unreadable.names) == [f"{tmp_path}/a#149"]
    records = source.training_records(0, BatchSlice(149, 0, 149), 0, 1)
    pictures = [picture for _, _, picture in records.as_numpy_iterator()]
    assert sorted(pictures) == sorted(encoded[:149])


def test_an_unreadable_record_gives_way_to_a_readable_one(
    tmp_path, encoded, serialized
):
    pictures = encoded[:2] + [encoded[2][:30]] + encoded[3:]
    write(tmp_path / "a", map(serialized, pictures))
    source = TFRecordSource(str(tmp_path / "a"), 2, 10)
    name = f"{tmp_path}/a#2".encode()
    first = source.read(name, pictures[2])
    assert first.tolist() == source.read(name, pictures[2]).tolist()
    assert list(source.unreadable.names) == [name.decode()]
    # Not one of those held out.
    held_out = [source.read(b"", picture, held_out=True) for picture in encoded[:2]]
    assert all((first != picture).any() for picture in held_out)
    with pytest.raises(UnreadableError, match="2 of the 150"):
        source.read(f"{tmp_path}/a#3".encode(), b"no picture")


def test_a_record_without_a_picture_is_unreadable(tmp_path, encoded, serialized):
    write(tmp_path / "a", [serialized(encoded[0], "jpeg")])
    source = TFRecordSource(str(tmp_path / "a"), 0, 1)
    ((_, name, picture),) = source.training_records(0, BatchSlice(1, 0, 1), 0, 1)
    with pytest.raises(UnreadableError, match="1 of the 1 .*empty"):
        source.read(name.numpy(), picture.numpy())


def test_damage_within_a_file_stops_with_one_line(tmp_path, encoded, serialized):
    write(tmp_path / "a", map(serialized, encoded))
    content = bytearray((tmp_path / "a").read_bytes())
    content[content.index(b"IDAT", len(content) // 2)] ^= 255
    (tmp_path / "a").write_bytes(content)
    source = TFRecordSource(str(tmp_path / "a"), 0, 10)
    records = source.training_records(0, BatchSlice(150, 0, 150), 0, 1)
    with pytest.raises(tf.errors.OpError, match="UnreadableError: .*a cannot be read"):
        list(records)


def foreign(kind):
    """A valid example, whose feature `image/encoded` is another."""
    value = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"a", b"b"]))
    if kind == "int64":
        value = tf.train.Feature(int64_list=tf.train.Int64List(value=[1]))
    features = tf.train.Features(feature={"image/encoded": value})
    return tf.train.Example(features=features).SerializeToString()


def write_set(folder, records, num_files=3):
    """Writes `pictures-0000N-of-0000M`, and returns the paths."""
    paths = [
        folder / f"pictures-{number:05d}-of-{num_files:05d}"
        for number in range(num_files)
    ]
    for number, path in enumerate(paths):
        write(path, records[number::num_files])
    return paths


def test_records_that_a_cut_file_has_lost_count_as_unreadable(
    tmp_path, encoded, serialized
):
    paths = write_set(tmp_path, list(map(serialized, encoded[:12])))
    os.truncate(paths[1], os.path.getsize(paths[1]) // 2 + 5)
    with pytest.raises(UnreadableError, match="2 of the 12 pictures .*00001-of-00003#"):
        TFRecordSource(f"{tmp_path}/*-of-*", 0, 10)


def test_records_after_a_damaged_header_count_as_unreadable(
    tmp_path, encoded, serialized
):
    write(tmp_path / "a", map(serialized, encoded))
    content = bytearray((tmp_path / "a").read_bytes())
    # The length of record 100.
    position = len(content) // 150 * 100
    while content[position : position + 8] != content[:8]:
        position += 1
    content[position + 7] ^= 1
    (tmp_path / "a").write_bytes(content)
    count, lost = count_records(str(tmp_path / "a"))
    assert count == pytest.approx(100, abs=5) and count + lost == 150
    with pytest.raises(UnreadableError, match=f"{lost} of the 150|2 of the 150"):
        TFRecordSource(str(tmp_path / "a"), 0, 10)


def test_an_empty_file_is_refused_beside_full_ones(
    tmp_path, encoded, serialized, caplog
):
    paths = write_set(tmp_path, list(map(serialized, encoded[:33])))
    os.truncate(paths[1], 0)
    with pytest.raises(ValueError, match="00001-of-00003 is empty, .* 11 records"):
        TFRecordSource(f"{tmp_path}/*-of-*", 0, 10)
    # Few records that are spread at random leave some files empty.
    write_set(tmp_path, list(map(serialized, encoded[:12])))
    os.truncate(paths[1], 0)
    assert TFRecordSource(f"{tmp_path}/*-of-*", 0, 10).num_training == 8
    assert f"{paths[1]} is empty." in caplog.text


def test_missing_files_of_a_set_are_told(tmp_path, encoded, serialized, caplog):
    paths = write_set(tmp_path, list(map(serialized, encoded[:12])))
    # A pattern may choose some of the files.
    assert TFRecordSource(f"{tmp_path}/*[02]-of-*", 0, 10).num_training == 8
    assert "missing" not in caplog.text
    os.remove(paths[1])
    TFRecordSource(f"{tmp_path}/*-of-*", 0, 10)
    assert f"1 of 3 files are missing; the first is {paths[1]}." in caplog.text


@pytest.mark.parametrize("damage", ["flipped", "other", "int64", "two"])
@pytest.mark.parametrize("num_held_out", [0, 4])
def test_damage_names_its_file_wherever_it_is(
    tmp_path, encoded, serialized, damage, num_held_out
):
    paths = write_set(tmp_path, list(map(serialized, encoded[:12])))
    source = TFRecordSource(f"{tmp_path}/*-of-*", num_held_out, 10)
    if damage == "flipped":
        content = bytearray(paths[0].read_bytes())
        content[content.index(b"IDAT")] ^= 255
        paths[0].write_bytes(content)
        reason = r"corrupted record at \d+[^{\[]*\. Write"
    elif damage == "other":
        write(paths[0], [b"\xff\x00\xfe no example"] * 4)
        reason = r"a record is not a tf.train.Example\. Write"
    else:
        write(paths[0], [foreign(damage)] * 4)
        reason = "the feature image/encoded of a record is not one byte string"
    message = f"^{paths[0]} cannot be read: {reason}"
    with pytest.raises(UnreadableError, match=message):
        TFRecordSource(f"{tmp_path}/*-of-*", num_held_out, 10)
    with pytest.raises(UnreadableError, match=message):
        source.sample(12)
    records = source.training_records(0, BatchSlice(8, 0, 8), 0, 1)
    with pytest.raises(tf.errors.OpError) as error:
        list(records)
    assert clear_line(error.value).startswith(f"{paths[0]} cannot be read")
    if num_held_out:
        with pytest.raises(tf.errors.OpError) as error:
            list(source.held_out_records())
        assert clear_line(error.value).startswith(f"{paths[0]} cannot be read")
