"""Batches of the tasks that know objects."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tf_btgmi.config import GUIDED_KINDS, Config
from tf_btgmi.data import pipeline
from tf_btgmi.data.guided import WITH_FOREGROUND
from tf_btgmi.data.object_masks import ObjectPicture
from tf_btgmi.data.tasks import make_task
from tf_btgmi.pictures import mask_arrays

SIDE = 24
PLAIN = {"image", "mask", "hole_boxes"}
GUIDED = PLAIN | {"foreground", "foreground_boxes", "masked_image"}


@pytest.fixture
def objects(tmp_path, rng):
    """Eleven pictures of noise with a square object each."""
    for place in ("images", "masks"):
        (tmp_path / place).mkdir()
    for number in range(11):
        noise = rng.integers(0, 256, [40, 48, 3], np.uint8)
        Image.fromarray(noise).save(tmp_path / "images" / f"{number}.png")
        mask = np.zeros([40, 48], np.uint8)
        y, x = rng.integers(0, 24, 2)
        mask[y : y + 12, x : x + 14] = 255
        Image.fromarray(mask).save(tmp_path / "masks" / f"{number}.png")
    return tmp_path


@pytest.fixture
def task_config(config, objects):
    """Makes configs of a task."""

    def make(task, **weights):
        config.task = task
        config.data.source = f"folder:{objects}"
        config.data.image_size = SIDE
        config.data.random_flip = True
        config.data.min_crop = 0.6
        config.data.color_jitter = 0.1
        for kind in GUIDED_KINDS if weights else ():
            setattr(config.guided, kind, weights.get(kind, 0.0))
        return config

    return make


def batches(config, *args, **options):
    dataset = pipeline.training_dataset(config, *args, **options)
    return [{name: value.numpy() for name, value in batch.items()} for batch in dataset]


def joined(config, num_steps=6):
    found = batches(config, num_steps=num_steps)
    return {name: np.concatenate([b[name] for b in found]) for name in found[0]}


@pytest.mark.parametrize(
    "task, names",
    [("object_removal", PLAIN), ("harmonization", GUIDED), ("guided", GUIDED)],
)
def test_a_batch_has_what_its_task_needs(task_config, task, names):
    (batch,) = batches(task_config(task), num_steps=1)
    assert set(batch) == names
    assert all(value.dtype == np.float32 for value in batch.values())
    shape = (4, SIDE, SIDE)
    assert batch["image"].shape == batch.get("masked_image", batch["image"]).shape
    assert batch["image"].shape == (*shape, 3) and batch["mask"].shape == (*shape, 1)
    for mask, boxes in (("mask", "hole_boxes"), ("foreground", "foreground_boxes")):
        if mask not in batch:
            continue
        assert set(np.unique(batch[mask])) <= {0.0, 1.0}
        for one, found in zip(batch[mask], batch[boxes]):  # noqa: B905
            wanted = mask_arrays.hole_boxes(one[..., 0], 2)
            np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("kind", GUIDED_KINDS)
def test_outside_gap_and_foreground_the_network_sees_the_image(task_config, kind):
    batch = joined(task_config("guided", **{kind: 1.0}))
    mask, foreground = batch["mask"], batch["foreground"]
    assert not (mask * foreground).any()
    outside = np.broadcast_to((mask + foreground) == 0, batch["image"].shape)
    seen, image = batch["masked_image"], batch["image"]
    np.testing.assert_array_equal(seen[outside], image[outside])
    assert not seen[np.broadcast_to(mask == 1, seen.shape)].any()
    has_foreground = foreground.any((1, 2, 3))
    assert (has_foreground == (kind in WITH_FOREGROUND)).all()
    if kind in WITH_FOREGROUND:
        inside = np.abs(seen - image) * foreground
        assert (inside.sum((1, 2, 3)) / foreground.sum((1, 2, 3)) > 0.01).all()
    assert (mask.any((1, 2, 3)) == (kind != "empty_gaps")).all()


def test_harmonization_has_no_gaps_and_removal_no_foregrounds(task_config):
    batch = joined(task_config("harmonization"))
    assert not batch["mask"].any() and not batch["hole_boxes"].any()
    assert batch["foreground"].any((1, 2, 3)).all()
    batch = joined(task_config("object_removal"))
    assert batch["mask"].any((1, 2, 3)).all()


def test_a_mixture_has_examples_of_every_kind(task_config):
    config = task_config("guided", box_gaps=1, empty_gaps=1, plain_holes=1)
    batch = joined(config, num_steps=10)
    with_gap = batch["mask"].any((1, 2, 3))
    with_foreground = batch["foreground"].any((1, 2, 3))
    found = set(zip(with_gap, with_foreground))  # noqa: B905
    assert found == {(True, True), (False, True), (True, False)}


def test_a_foreground_is_the_pictures_own_object(task_config):
    config = task_config("harmonization")
    config.data.min_crop = 1.0
    config.data.random_flip = False
    config.guided.min_object = 0.001
    batch = joined(config)
    for boxes, foreground in zip(  # noqa: B905
        batch["foreground_boxes"], batch["foreground"]
    ):
        # A rectangle in the picture, and in its crop but for rounded corners.
        y0, x0, y1, x1 = boxes[0].astype(int)
        area = (y1 - y0) * (x1 - x0)
        assert area - 4 <= foreground.sum() <= area


def test_warm_up_sees_the_same_objects_at_its_own_size(task_config):
    config = task_config("guided")
    config.guided.min_object = 0.001
    large, small = (
        batches(config, num_steps=2, image_size=size)[1] for size in (48, 24)
    )
    for name in ("mask", "foreground"):
        shrunk = tf.nn.avg_pool2d(large[name], 2, 2, "VALID").numpy()
        assert np.abs(shrunk - small[name]).mean() < 0.05


@pytest.mark.parametrize("held_out", [False, True])
def test_a_foreground_has_the_colours_of_another_picture(
    config, make_objects, color_of, held_out
):
    config.task = "harmonization"
    config.data.source = f"folder:{make_objects(4, size=(24, 20))}"
    config.data.num_validation_images = 2
    config.data.min_crop = 1.0
    config.guided.min_object, config.guided.max_object = 0.001, 0.9
    config.guided.statistics = config.guided.min_strength = 1.0
    config.guided.harder_changes = 0.0
    if held_out:
        batches_of_floats = pipeline.validation_dataset(config, 1)
    else:
        batches_of_floats = pipeline.training_dataset(config, num_steps=4)
    colors = {number: np.array(color_of(number)) / 127.5 - 1.0 for number in range(4)}
    pairs = set()
    for batch in batches_of_floats:
        for image, seen, foreground in zip(  # noqa: B905
            *(batch[n].numpy() for n in ("image", "masked_image", "foreground"))
        ):
            inside = foreground[..., 0] == 1
            own, other = (
                min(colors, key=lambda n: np.abs(colors[n] - color).max())
                for color in (image.mean((0, 1)), seen[inside].mean(0))
            )
            np.testing.assert_allclose(seen[inside].mean(0), colors[other], atol=0.02)
            pairs.add((own, other))
    assert len(pairs) > 1
    assert all(own != other for own, other in pairs)


def test_a_source_without_objects_is_refused(task_config, make_folder):
    config = task_config("guided")
    config.data.source = f"folder:{make_folder(5)}"
    with pytest.raises(ValueError, match="must have the folders images and masks"):
        pipeline.describe(config)


@pytest.mark.parametrize("task", ["inpainting", "harmonization"])
def test_pictures_are_decoded_large_enough_for_the_smallest_crop(task):
    config = Config(task=task)
    config.data.min_crop = 0.3
    asked = []

    class Source:
        def read(self, key, min_side, held_out=False):
            asked.append(min_side)
            return np.zeros([80, 80, 3], np.uint8)

        def read_objects(self, key, rng, min_side, held_out=False):
            picture = ObjectPicture(self.read(key, min_side), np.ones([80, 80], bool))
            return picture, picture

    examples = make_task(config)
    examples.training_example(Source(), 0, (0,), 16)
    examples.held_out_example(Source(), 0, (0,), 16)
    # 16 / 0.3, rounded up; a centre crop has the whole shorter side.
    assert asked == [54, 16]
