"""What must hold for every kind of source is tested on every kind here."""

import logging
import types

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from PIL import Image

from tf_btgmi.data import pipeline
from tf_btgmi.data.unreadable import clear_line
from tf_btgmi.pictures import mask_arrays

COUNT = 17
KINDS = ("folder", "tfrecord", "tfds", "tfds_mock", "objects")


class BtgmiNumberedPictures(tfds.core.GeneratorBasedBuilder):
    """Numbered pictures in three files, prepared as a user would."""

    VERSION = tfds.core.Version("1.0.0")
    # TFDS would look beside this file for checksums and a description.
    code_path = None
    folder = ""

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            features=tfds.features.FeaturesDict(
                {"image": tfds.features.Image(), "label": tf.int64}
            ),
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for number in range(COUNT):
            path = f"{self.folder}/p{number}.png"
            yield number, {"image": path, "label": number}


@pytest.fixture(params=KINDS)
def source_config(request, config, make_folder, make_objects, write_shards):
    """The config with one kind of source of `COUNT` numbered pictures."""
    if request.param == "folder":
        config.data.source = f"folder:{make_folder(COUNT)}"
    elif request.param == "tfrecord":
        pattern = write_shards(make_folder(COUNT), num_shards=3)
        config.data.source = f"tfrecord:{pattern}"
    elif request.param == "tfds":
        request.getfixturevalue("prepared_tfds")
        config.data.source = "tfds:btgmi_numbered_pictures"
    elif request.param == "objects":
        config.task = "guided"
        config.data.source = f"folder:{make_objects(COUNT)}"
        config.guided.object_holes = 1.0
    else:
        config.data.source = "tfds:mnist:train"
        request.getfixturevalue("mocked_tfds")
    return config


@pytest.fixture(scope="module")
def prepared_tfds(tmp_path_factory, color_of):
    """Prepares the numbered pictures where TFDS looks for data."""
    pictures = tmp_path_factory.mktemp("pictures")
    for number in range(COUNT):
        image = Image.new("RGB", (9, 7), color_of(number))
        image.save(pictures / f"p{number}.png")
    data_dir = str(tmp_path_factory.mktemp("tensorflow_datasets"))
    BtgmiNumberedPictures.folder = str(pictures)
    BtgmiNumberedPictures(data_dir=data_dir).download_and_prepare(
        download_config=tfds.download.DownloadConfig(num_shards=3)
    )
    tfds.core.add_data_dir(data_dir)


@pytest.fixture
def mocked_tfds():
    with tfds.testing.mock_data(num_examples=COUNT):
        yield


def assert_same(first, second):
    assert len(first) == len(second) > 0
    for one, other in zip(first, second):  # noqa: B905 (lengths are compared above)
        assert set(one) == set(other) >= {"image", "mask", "hole_boxes"}
        for key in one:
            # Bytes are equal; sums of recoloured floats may be made in another order.
            apart = 1e-5 if key == "masked_image" else 0.0
            np.testing.assert_allclose(one[key], other[key], rtol=0.0, atol=apart)


def random_everything(config):
    config.data.random_flip = True
    config.data.min_crop = 0.5
    config.data.color_jitter = 0.2
    config.masks.free_form = config.masks.borders = config.masks.centre = 1.0


@pytest.mark.parametrize("source_config", KINDS[:4], indirect=True)
def test_a_batch_has_the_shapes_types_and_ranges_promised(source_config):
    source_config.losses.ppl_max_holes = 3
    dataset = pipeline.training_dataset(source_config, num_steps=1)
    assert {k: tuple(v.shape) for k, v in dataset.element_spec.items()} == {
        "image": (4, 16, 16, 3),
        "mask": (4, 16, 16, 1),
        "hole_boxes": (4, 3, 4),
    }
    (batch,) = dataset
    assert all(value.dtype == tf.float32 for value in batch.values())
    assert -1 <= batch["image"].numpy().min() and batch["image"].numpy().max() <= 1
    assert set(np.unique(batch["mask"])) == {0.0, 1.0}
    for mask, boxes in zip(batch["mask"], batch["hole_boxes"]):  # noqa: B905
        expected = mask_arrays.hole_boxes(mask.numpy()[..., 0], 3)
        np.testing.assert_array_equal(boxes, expected)


def test_resumed_batches_are_the_tail_bit_for_bit(source_config):
    random_everything(source_config)
    # 14 pictures in batches of 4: steps 0 to 8 reach into the third epoch.
    whole = list(pipeline.training_dataset(source_config, num_steps=9))
    assert len(whole) == 9
    for start in (4, 7):
        tail = pipeline.training_dataset(source_config, start, 9 - start)
        assert_same(whole[start:], list(tail))
    again = pipeline.training_dataset(source_config, num_steps=9)
    assert_same(whole, list(again))


def test_the_global_seed_of_tensorflow_changes_nothing(source_config):
    tf.random.set_seed(1)
    first = list(pipeline.training_dataset(source_config, num_steps=5))
    tf.random.set_seed(2)
    second = list(pipeline.training_dataset(source_config, num_steps=5))
    assert_same(first, second)


def test_slices_of_two_pipelines_are_the_global_batches(source_config):
    random_everything(source_config)
    slices = [
        list(
            pipeline.training_dataset(
                source_config, 3, 4, input_context=tf.distribute.InputContext(2, i, 2)
            )
        )
        for i in range(2)
    ]
    joined = [
        {key: np.concatenate([one[key], slices[1][step][key]]) for key in one}
        for step, one in enumerate(slices[0])
    ]
    assert_same(list(pipeline.training_dataset(source_config, 3, 4)), joined)


def test_without_a_number_of_steps_batches_do_not_end(source_config):
    dataset = pipeline.training_dataset(source_config)
    assert sum(1 for _ in dataset.take(30)) == 30


def test_another_seed_gives_another_order_and_other_masks(source_config):
    first = next(iter(pipeline.training_dataset(source_config)))
    source_config.training.seed = 1
    second = next(iter(pipeline.training_dataset(source_config)))
    assert (first["image"].numpy() != second["image"].numpy()).any()
    assert (first["mask"].numpy() != second["mask"].numpy()).any()


def test_validation_is_finite_fixed_and_independent_of_the_seed(source_config):
    first = list(pipeline.validation_dataset(source_config, 2))
    assert [len(batch["image"]) for batch in first] == [2, 1]
    source_config.training.seed = 5
    assert_same(first, list(pipeline.validation_dataset(source_config, 2)))
    whole = list(pipeline.validation_dataset(source_config, 3))
    np.testing.assert_array_equal(whole[0]["mask"][:2], first[0]["mask"])


def test_a_source_smaller_than_what_is_held_out_is_refused(source_config):
    source_config.data.num_validation_images = COUNT
    match = "has 17 pictures, .*num_validation_images=17 would hold out all"
    with pytest.raises(ValueError, match=match):
        pipeline.training_dataset(source_config)


@pytest.mark.parametrize("source_config", KINDS[:3], indirect=True)
def test_an_epoch_has_every_picture_once_and_none_held_out(source_config, numbers):
    held_out = sum(map(numbers, pipeline.validation_dataset(source_config, 2)), [])
    assert len(set(held_out)) == 3
    batches = pipeline.training_dataset(source_config, num_steps=7)
    seen = sum(map(numbers, batches), [])
    rest = sorted(set(range(COUNT)) - set(held_out))
    assert sorted(seen[:14]) == sorted(seen[14:]) == rest
    assert seen[:14] != seen[14:]


@pytest.mark.parametrize("source_config", KINDS[:3], indirect=True)
def test_training_examples_alone_need_no_validation_source(source_config):
    source_config.data.validation_source = "folder:nowhere"
    assert len(list(pipeline.training_dataset(source_config, num_steps=1))) == 1


def test_a_missing_validation_source_says_how_to_do_without(source_config):
    source_config.data.validation_source = "folder:missing"
    with pytest.raises(ValueError, match="missing.*validation_source= holds out"):
        pipeline.describe(source_config)


@pytest.mark.parametrize("source_config", KINDS[:3], indirect=True)
def test_a_validation_source_is_used_and_holds_nothing_out(
    source_config, make_folder, numbers
):
    other = make_folder(5, name="other")
    source_config.data.validation_source = f"folder:{other}"
    source_config.data.num_validation_images = 4
    seen = sum(map(numbers, pipeline.validation_dataset(source_config, 9)), [])
    assert len(set(seen)) == 4 and max(seen) < 5
    source_config.data.global_batch_size = COUNT
    (batch,) = pipeline.training_dataset(source_config, num_steps=1)
    assert sorted(numbers(batch)) == list(range(COUNT))
    source_config.data.image_size = 7
    assert [line.split(":")[0] for line in pipeline.describe(source_config)] == (
        ["training"] * 4 + ["validation"] * 4
    )


def warnings_of(caplog):
    """The pipeline's own warnings; TensorFlow Datasets has some too."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno == logging.WARNING and record.filename == "pipeline.py"
    ]


def test_a_warning_tells_that_most_pictures_are_enlarged(source_config, caplog):
    source_config.data.image_size = 7
    pipeline.describe(source_config)
    assert not warnings_of(caplog)
    source_config.data.image_size = 32
    lines = pipeline.describe(source_config)
    assert warnings_of(caplog) == [
        "Most training pictures are smaller than config.data.image_size (32) and will "
        "be enlarged: 14 of 14 in a sample. Use larger ones or a smaller image_size."
    ]
    assert "enlarged" not in " ".join(lines)


def test_pictures_that_cannot_be_read_give_no_warning(config, make_folder, caplog):
    folder = make_folder(8)
    for number in range(7):
        (folder / f"p{number}.png").write_bytes(b"")
    Image.new("RGB", (99, 99)).save(folder / "p7.png")
    config.data.source = f"folder:{folder}"
    config.data.num_validation_images = 0
    pipeline.describe(config)
    assert "enlarged" not in caplog.text


def test_warm_up_sees_the_same_parts_at_its_own_size(config, tmp_path):
    rows, columns = np.mgrid[:256, :256].astype(np.uint8)
    image = Image.fromarray(np.stack([rows, columns, rows], -1))
    for number in range(2):
        image.save(tmp_path / f"{number}.png")
    config.data.source = f"folder:{tmp_path}"
    config.data.num_validation_images = 0
    config.data.image_size = 64
    random_everything(config)
    config.data.color_jitter = 0.0
    (large,) = pipeline.training_dataset(config, num_steps=1)
    (small,) = pipeline.training_dataset(config, num_steps=1, image_size=16)
    assert small["image"].shape == (4, 16, 16, 3)
    shrunk = tf.nn.avg_pool2d(large["image"], 4, 4, "VALID")
    np.testing.assert_allclose(small["image"], shrunk, atol=2 / 127.5)


def test_validation_of_no_pictures_is_empty(config, make_folder):
    config.data.source = f"folder:{make_folder(3)}"
    config.data.num_validation_images = 0
    assert not list(pipeline.validation_dataset(config, 2))


def test_a_source_is_opened_with_its_fields(config, monkeypatch):
    asked = []
    source = types.SimpleNamespace(num_training=1)
    monkeypatch.setattr(
        pipeline, "open_source", lambda *fields: asked.append(fields) or source
    )
    config.data.source = "folder:one"
    config.data.shuffle_buffer = 6
    pipeline._training_source(config)
    config.task = "guided"
    config.data.validation_source = "folder:two"
    pipeline._training_source(config)
    pipeline._validation_source(config)
    assert asked == [
        ("folder:one", 3, 6, False),
        ("folder:one", 0, 6, True),
        ("folder:two", 3, 6, True),
    ]


def test_no_source_is_named(config):
    with pytest.raises(ValueError, match="Set config.data.source to folder:PATH"):
        pipeline.training_dataset(config)


def test_an_unknown_form_of_source_is_named(config):
    for source in ("photos", "s3:photos", "folder:"):
        config.data.source = source
        with pytest.raises(ValueError, match="A source is folder:PATH, tfds:.*it is"):
            pipeline.describe(config)


def test_too_many_unreadable_pictures_stop_the_batches_with_one_line(
    config, make_folder
):
    folder = make_folder(20)
    for name in ("p3.png", "p4.png"):
        (folder / name).write_bytes(b"no picture")
    config.data.source = f"folder:{folder}"
    config.data.num_validation_images = 0
    with pytest.raises(tf.errors.OpError) as caught:
        list(pipeline.training_dataset(config, num_steps=5))
    line = clear_line(caught.value)
    assert line.startswith("2 of the 20 pictures of folder:") and "p3.png" in line
    assert "\n" not in line


def test_batches_are_left_alone_by_automatic_sharding(config, make_folder):
    config.data.source = f"folder:{make_folder(9)}"
    options = pipeline.training_dataset(config).options()
    policy = options.experimental_distribute.auto_shard_policy
    assert policy == tf.data.experimental.AutoShardPolicy.OFF
    assert options.deterministic
