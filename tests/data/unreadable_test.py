import errno

import pytest
import tensorflow as tf

from tf_btgmi.data.unreadable import UnreadableCounter, UnreadableError, clear_line


def test_a_name_is_counted_and_logged_once(caplog):
    counter = UnreadableCounter("folder:x", 100)
    with caplog.at_level("WARNING", logger="absl"):
        counter.add("a.png", OSError("cut\noff"))
        counter.add("a.png", OSError("cut\noff"))
    assert counter.names == {"a.png": "cut off"}
    assert caplog.text.count("a.png (cut off)") == 1


def test_one_picture_of_a_small_source_is_skipped_and_a_second_ends_it(caplog):
    counter = UnreadableCounter("folder:x", 50)
    with caplog.at_level("WARNING", logger="absl"):
        counter.add("a.png", OSError("cut off"))
        with pytest.raises(UnreadableError, match="2 of the 50 "):
            counter.add("b.png", OSError("gone"))
    assert "Skipped unreadable picture 1 of folder:x: a.png (cut off)." in caplog.text
    # Nothing is called skipped that ends the run.
    assert caplog.text.count("Skipped") == 1


def test_exactly_one_percent_is_allowed_and_more_is_not():
    counter = UnreadableCounter("folder:x", 100)
    counter.add("a.png", OSError("cut off"))
    with pytest.raises(UnreadableError, match=r"2 of the 100 .*: a.png, b.png \(gone"):
        counter.add("b.png", OSError("gone"))


@pytest.mark.parametrize(
    "error", [OSError(errno.EIO, "Input/output error"), MemoryError()]
)
def test_a_picture_is_not_skipped_for_a_fault_of_the_machine(error):
    counter = UnreadableCounter("folder:x", 1000)

    def load(name):
        if name == "b.png":
            raise error
        raise FileNotFoundError(errno.ENOENT, "No such file")

    with pytest.raises(UnreadableError, match="^b.png of folder:x cannot be read: "):
        counter.first_readable(["a.png", "b.png", "c.png"], 0, load)
    assert list(counter.names) == ["a.png"]


def test_the_line_is_found_in_what_tensorflow_makes_of_it():
    def fail(_):
        raise UnreadableError("2 of the 9 pictures cannot be used.")

    dataset = tf.data.Dataset.range(1).map(
        lambda i: tf.numpy_function(fail, [i], tf.int64)
    )
    with pytest.raises(tf.errors.OpError) as caught:
        list(dataset)
    assert clear_line(caught.value) == "2 of the 9 pictures cannot be used."
    assert clear_line(ValueError("something else")) is None
