"""Objects out of prepared datasets, of both kinds."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from tf_btgmi.data import pipeline, tfds_objects
from tf_btgmi.data.sources import open_source
from tf_btgmi.data.tfds_objects import cut_out_of_box
from tf_btgmi.pictures.decoding import shorter_side

COUNT = 9


def picture(number):
    """Red with a blue rectangle, a little noise, 40 by 48."""
    rng = np.random.default_rng(number)
    image = np.zeros([40, 48, 3], np.int64)
    image[..., 0] = 180
    y0, x0, y1, x1 = 4 + number, 6, 22 + number, 30
    image[y0:y1, x0:x1] = (20, 40, 200)
    noisy = image + rng.integers(0, 12, image.shape)
    box = (y0 / 40, x0 / 48, y1 / 40, x1 / 48)
    return noisy.astype(np.uint8), box


class _Pictures(tfds.core.GeneratorBasedBuilder):
    """Pictures with a rectangle each."""

    VERSION = tfds.core.Version("1.0.0")
    # TFDS would look beside this file for checksums and a description.
    code_path = None

    def _info(self):
        features = {"image": tfds.features.Image(encoding_format="png")}
        features.update(self.more)
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict(features)
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}


class BtgmiBoxedPictures(_Pictures):
    more = {
        "objects": tfds.features.Sequence(
            {"bbox": tfds.features.BBoxFeature(), "label": tf.int64}
        )
    }

    def _generate_examples(self):
        for number in range(COUNT):
            image, box = picture(number)
            objects = [{"bbox": tfds.features.BBox(*box), "label": 1}]
            yield number, {"image": image, "objects": objects if number else []}


class BtgmiSegmentedPictures(_Pictures):
    more = {"panoptic_image": tfds.features.Image(encoding_format="png")}

    def _generate_examples(self):
        for number in range(COUNT):
            image, _ = picture(number)
            regions = np.zeros_like(image)
            # Region 3 + 256 * 2; what lies outside is nobody's.
            regions[image[..., 2] > 100] = (3, 2, 0)
            yield number, {"image": image, "panoptic_image": regions}


class BtgmiBarePictures(_Pictures):
    more = {"label": tf.int64}

    def _generate_examples(self):
        yield 0, {"image": picture(0)[0], "label": 0}


@pytest.fixture(scope="module", autouse=True)
def prepared(tmp_path_factory):
    data_dir = str(tmp_path_factory.mktemp("tensorflow_datasets"))
    for builder in (BtgmiBoxedPictures, BtgmiSegmentedPictures, BtgmiBarePictures):
        builder(data_dir=data_dir).download_and_prepare()
    tfds.core.add_data_dir(data_dir)


def records(source):
    return list(source.held_out_records().as_numpy_iterator())


@pytest.mark.parametrize("name", ["boxed", "segmented"])
def test_a_record_comes_with_its_object_and_the_next_one(name):
    source = open_source(f"tfds:btgmi_{name}_pictures", COUNT, with_objects=True)
    found = records(source)
    assert [record[0] for record in found] == list(range(COUNT))
    for position, *record in found:
        rng = np.random.default_rng(0)
        pair = source.read_objects(*record, rng=rng, held_out=True)
        following = found[(position + 1) % COUNT]
        assert record[2:] == list(following[1:3])
        for item in pair:
            rectangle = item.image[..., 2] > 100
            if name == "boxed" and not item.mask.any():
                continue
            # GrabCut may miss a pixel of the rim at its own size.
            assert (item.mask != rectangle).mean() < 0.02
    empty = sum(
        not source.read_objects(*r[1:], rng=rng, held_out=True)[0].mask.any()
        for r in found
    )
    assert empty == (1 if name == "boxed" else 0)


@pytest.mark.parametrize("name", ["boxed", "segmented"])
def test_the_sizes_of_a_sample_are_those_of_the_pictures(name):
    source = open_source(f"tfds:btgmi_{name}_pictures", 4, with_objects=True)
    assert [shorter_side(item) for item in source.sample(3)] == [40] * 3
    assert len(source.sample(99)) == COUNT - 4


def test_an_example_is_the_same_before_and_after_substitutes_are_found(monkeypatch):
    def object_picture(payload, rng, min_side):
        drawn = rng.random()
        if payload == b"broken":
            raise ValueError("broken")
        return drawn

    monkeypatch.setattr(tfds_objects, "_object_picture", object_picture)
    source = open_source("tfds:btgmi_segmented_pictures", COUNT, with_objects=True)
    record = (b"1", b"broken", *records(source)[2][1:3])
    first, again = (
        source.read_objects(*record, rng=np.random.default_rng(0), held_out=True)
        for _ in range(2)
    )
    assert first == again and first[0] != first[1]


def test_a_box_that_is_all_of_one_colour_gives_its_ellipse():
    image = np.full([60, 60, 3], 90, np.uint8)
    mask = cut_out_of_box(image, np.array([0.0, 0.0, 1.0, 1.0]))
    assert mask.mean() == pytest.approx(np.pi / 4, abs=0.03)


def test_the_same_picture_is_cut_the_same_way():
    image, box = picture(3)
    first, second = (cut_out_of_box(image, np.array(box)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_training_resumes_with_the_same_pairs(config):
    config.task = "guided"
    config.data.source = "tfds:btgmi_segmented_pictures"
    config.data.num_validation_images = 2

    def batches(*args):
        dataset = pipeline.training_dataset(config, *args)
        return [{n: v.numpy() for n, v in batch.items()} for batch in dataset]

    whole = batches(0, 5)
    for one, other in zip(whole[3:], batches(3, 2)):  # noqa: B905
        for name in one:
            np.testing.assert_allclose(one[name], other[name], atol=1e-5)
    assert sum(batch["foreground"].sum() for batch in whole) > 0
    assert len(list(pipeline.validation_dataset(config, 2))) == 1


def test_a_dataset_without_objects_is_refused():
    with pytest.raises(ValueError, match="has neither panoptic_image nor objects"):
        open_source("tfds:btgmi_bare_pictures", with_objects=True)
