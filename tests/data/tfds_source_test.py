import pytest
import tensorflow_datasets as tfds

from tf_btgmi.data.tfds_source import TFDSSource, _name_and_split


@pytest.mark.parametrize(
    "place,expected",
    [
        ("mnist", ("mnist", "train")),
        ("mnist:test", ("mnist", "test")),
        ("mnist:train[:80%]", ("mnist", "train[:80%]")),
        ("coco/2017:1.1.0", ("coco/2017:1.1.0", "train")),
        ("coco/2017:1.*.*:validation", ("coco/2017:1.*.*", "validation")),
    ],
)
def test_name_and_split_are_told_apart(place, expected):
    assert _name_and_split(place) == expected


def test_an_unknown_dataset_is_named_with_the_nearest():
    with pytest.raises(ValueError) as error:
        TFDSSource("oxford_flowers", 0, 10)
    assert str(error.value) == (
        "TFDS has no dataset oxford_flowers; did you mean oxford_flowers102?"
    )


def test_a_dataset_that_is_not_prepared_is_one_line_with_what_to_do():
    with pytest.raises(ValueError, match="^tfds:mnist:test is not prepared in .*"):
        TFDSSource("mnist:test", 0, 10)
    with pytest.raises(ValueError, match="Run `tfds build mnist` first"):
        TFDSSource("mnist:test", 0, 10)


def test_a_dataset_without_pictures_is_refused():
    with pytest.raises(ValueError, match="no pictures as the feature 'image'.* text,"):
        TFDSSource("imdb_reviews", 0, 10)


def test_pictures_come_encoded_and_are_decoded_to_rgb():
    with tfds.testing.mock_data(num_examples=4):
        source = TFDSSource("mnist", 1, 10)
        assert (source.num_held_out, source.num_training) == (1, 3)
        for name, encoded in source.records().as_numpy_iterator():
            assert encoded.startswith(b"\x89PNG")
            # Grey in the dataset.
            assert source.read(name, encoded).shape == (28, 28, 3)
        assert source.describe()[0] == "tfds:mnist: 4 pictures, 1 for validation"
