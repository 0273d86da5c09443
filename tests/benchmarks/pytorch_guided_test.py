"""That the PyTorch twin trains the task `guided` as TensorFlow does."""

import importlib.util
import os

import cv2
import numpy as np
import pytest
import tensorflow as tf

from tests.benchmarks.twins import (
    assert_moved_alike,
    assert_restored,
    assert_same_losses,
    one_step_without_tensorflow,
    values_of,
)
from tf_btgmi import config as config_lib
from tf_btgmi import loading
from tf_btgmi.data import guided
from tf_btgmi.data.recoloring import recolor
from tf_btgmi.data.tasks import make_task
from tf_btgmi.models.build import build_generator
from tf_btgmi.models.naming import named_weights
from tf_btgmi.ops.mismatch import boundary_mismatch
from tf_btgmi.releases import save_release
from tf_btgmi.training import initialization
from tf_btgmi.training.build import build_model

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("torch") is None,
        reason="PyTorch is missing (requirements-benchmarks.txt)",
    ),
    pytest.mark.timeout(300),
]
LOSSES = (
    "discriminator_loss",
    "reconstruction_loss",
    "pixel_loss",
    "adversarial_loss",
    "generator_loss",
)


def to_torch(array):
    import torch

    return torch.from_numpy(np.array(array, np.float32)).permute(0, 3, 1, 2)


def to_tensorflow(tensor):
    return tensor.detach().permute(0, 2, 3, 1).numpy()


@pytest.fixture
def small_config():
    """Both outputs, tiny."""
    config = config_lib.Config(name="both", task="guided")
    config.data.image_size = 32
    config.data.global_batch_size = 2
    config.data.num_validation_images = 1
    config.generator.base_filters = 8
    config.generator.max_filters = 16
    config.generator.num_downsamplings = 2
    config.generator.num_head_blocks = 1
    config.generator.change_share = 0.8
    config.generator.mismatch_share = 0.1
    config.discriminator.base_filters = 4
    config.losses.ppl_patch_size = 32
    config.losses.pixel_weight = 4.0
    config.losses.pixel_region = "hole"
    config.losses.adversarial = "hinge"
    config.losses.discriminator_patches = "hole"
    config.procedure.head_steps = 2
    config.procedure.refinement_steps = 2
    config.procedure.fade_in_steps = 1
    config.procedure.num_refinement_blocks = 1
    return config


@pytest.fixture
def batch(rng):
    """A foreground in its gap, one alone, a hole alone: floats, 64 px."""
    small = rng.uniform(-1, 1, [3, 9, 9, 3]).astype(np.float32)
    image = np.stack([cv2.resize(picture, (64, 64)) for picture in small])
    mask, foreground = np.zeros([2, 3, 64, 64, 1], np.float32)
    boxes, foreground_boxes = np.zeros([2, 3, 1, 4], np.float32)
    mask[0, 8:40, 8:36] = 1
    mask[0, 14:34, 14:30] = 0
    foreground[0, 14:34, 14:30] = 1
    foreground[1, 20:60, 0:30] = 1
    mask[2, 30:60, 10:30] = 1
    boxes[0, 0], boxes[2, 0] = (8, 8, 40, 36), (30, 10, 60, 30)
    foreground_boxes[:2, 0] = (14, 14, 34, 30), (20, 0, 60, 30)
    wrong = foreground * (0.6 * image - 0.2) + (1 - foreground) * image
    return {
        "image": image,
        "mask": mask,
        "hole_boxes": boxes,
        "foreground": foreground,
        "foreground_boxes": foreground_boxes,
        "masked_image": (1 - mask) * wrong,
    }


def make_lively(model, rng):
    """Gives a model weights that all matter."""
    for name, variable in named_weights(model.generator).items():
        value = rng.normal(0.0, 0.1, tuple(variable.shape))
        if "variance" in name:
            value = rng.uniform(0.3, 3.0, tuple(variable.shape))
        elif "kernel" not in name:
            value = value + 0.4
        variable.assign(value.astype(np.float32))
        named_weights(model.ema_generator)[name].assign(variable)


def arrays_of(model):
    return {
        f"{prefix}.{name}": value
        for prefix in ("generator", "ema_generator", "discriminator")
        for name, value in values_of(getattr(model, prefix)).items()
    }


@pytest.mark.parametrize("adversarial, patches", [("hinge", "hole"), ("lsgan", "all")])
def test_a_training_step_is_that_of_tensorflow(
    small_config, batch, rng, adversarial, patches
):
    import torch

    from benchmarks import pytorch_guided, train_pytorch

    small_config.losses.adversarial = adversarial
    small_config.losses.discriminator_patches = patches
    model = build_model(small_config, tf.distribute.get_strategy())
    make_lively(model, rng)
    model.begin_stage(1)
    networks = {
        "generator": model.generator,
        "average": model.ema_generator,
        "discriminator": model.discriminator,
    }
    before = {name: values_of(network) for name, network in networks.items()}
    training = train_pytorch.make_training(small_config, arrays_of(model), "cpu")
    training.begin_stage(1)
    jitter = tf.random.stateless_uniform([4], [small_config.training.seed, 0])
    ours = model.train_step({k: tf.constant(v) for k, v in batch.items()})
    model.update_average()
    boxes, foreground_boxes = (
        torch.from_numpy(batch[name]) for name in ("hole_boxes", "foreground_boxes")
    )
    image, mask, seen, foreground = (
        to_torch(batch[name])
        for name in ("image", "mask", "masked_image", "foreground")
    )
    theirs = training(
        image,
        mask,
        boxes,
        0,
        torch.from_numpy(jitter.numpy()),
        pytorch_guided.Guide(seen, foreground, foreground_boxes),
    )
    assert_same_losses(ours, theirs, LOSSES)
    last = ("trainable_9_bias",) if adversarial == "hinge" else ()
    assert_moved_alike(training, networks, before, last)


def test_weights_travel_to_pytorch_and_back(small_config, batch, rng, tmp_path):
    import torch

    from benchmarks import pytorch_runs, pytorch_weights, train_pytorch

    model = build_model(small_config, tf.distribute.get_strategy())
    make_lively(model, rng)
    training = train_pytorch.make_training(small_config, arrays_of(model), "cpu")
    training.begin_stage(1)
    names = ("masked_image", "mask", "foreground")
    inputs = np.concatenate([batch[name] for name in names], -1)
    wanted = model.ema_generator(inputs, training=False)
    assert list(wanted) == ["inpainted", "harmonized"]
    stacked = np.concatenate([wanted[name] for name in wanted])

    def of_torch():
        with torch.inference_mode():
            return to_tensorflow(training.average(to_torch(inputs)))

    np.testing.assert_allclose(of_torch(), stacked, atol=1e-4)
    with torch.no_grad():
        for weight in training.average.parameters():
            weight.mul_(1.1)
    changed = of_torch()
    for part, other in zip(np.split(changed, 2), np.split(stacked, 2)):
        assert np.abs(part - other).max() > 1e-2
    state, workdir = str(tmp_path / "state"), str(tmp_path / "run")
    pytorch_weights.save_state(state, training.state(), small_config, 4)
    pytorch_runs.write_workdir(state, workdir)
    generator, _ = loading.load_generator(workdir)
    found = generator(inputs, training=False)
    np.testing.assert_allclose(
        np.concatenate([found[name] for name in found]), changed, atol=1e-4
    )


@pytest.mark.parametrize("source", ["nothing", "inpainting", "guided"])
def test_it_starts_as_tensorflow_does(small_config, batch, rng, tmp_path, source):
    import torch

    from benchmarks import pytorch_weights, train_pytorch

    model = build_model(small_config, tf.distribute.get_strategy())
    arrays = arrays_of(model)
    if source != "nothing":
        other = config_lib.load(save_config(small_config, tmp_path))
        other.task = source
        generator = build_generator(other)
        for name, variable in named_weights(generator).items():
            value = rng.normal(0.0, 0.1, tuple(variable.shape)).astype(np.float32)
            variable.assign(np.abs(value) + 0.3 if "variance" in name else value)
        release = str(tmp_path / "release")
        save_release(generator, other, release)
        initialization.check(small_config, release)
        initialization.initialize(model, release)
        arrays, _, _ = pytorch_weights.read_state(release)
    training = train_pytorch.make_training(small_config, arrays, "cpu")
    assert set(pytorch_weights.to_arrays(training.generator)) == set(
        values_of(model.generator)
    )
    for mine, theirs in (
        (model.generator, training.generator),
        (model.ema_generator, training.average),
    ):
        for name, value in pytorch_weights.to_arrays(theirs).items():
            if "fade_in" not in name:
                wanted = values_of(mine)[name]
                np.testing.assert_allclose(value, wanted, atol=1e-6, err_msg=name)
    if source != "guided":
        # Nothing is changed but by half of the mismatch.
        image, mask, foreground = (
            batch[name] for name in ("masked_image", "mask", "foreground")
        )
        with torch.inference_mode():
            inputs = np.concatenate([image, mask, foreground], -1)
            found = to_tensorflow(training.average(to_torch(inputs)))[3:]
        mismatch = boundary_mismatch(image, foreground, mask).numpy()
        wanted = np.clip(image + 0.5 * mismatch, -1, 1)
        np.testing.assert_allclose(found, wanted, atol=1e-4)


def save_config(config, folder):
    path = str(folder / "config.json")
    config_lib.save(config, path)
    return path


@pytest.mark.parametrize("shape", [(64, 64), (40, 56), (16, 16)])
def test_the_mismatch_is_that_of_tensorflow(rng, shape):
    from benchmarks import pytorch_guided

    image = rng.uniform(-1, 1, [3, *shape, 3]).astype(np.float32)
    foreground, hole = np.zeros([2, 3, *shape, 1], np.float32)
    foreground[0, 4:12, 3:11] = 1
    foreground[1, :10, 2:] = 1
    hole[1, 10:13] = 1
    wanted = boundary_mismatch(image, foreground, hole).numpy()
    found = pytorch_guided.boundary_mismatch(*map(to_torch, (image, foreground, hole)))
    np.testing.assert_allclose(to_tensorflow(found), wanted, atol=1e-5)
    assert np.abs(wanted[:2]).max() > 0.1 and not wanted[2].any()


def test_colours_are_changed_as_by_tensorflow(rng):
    import torch

    from benchmarks import pytorch_colors

    small = rng.uniform(-1.2, 1.2, [24, 5, 5, 3]).astype(np.float32)
    image = np.stack([cv2.resize(p, (24, 20)) for p in small]).clip(-1, 1)
    second = rng.uniform(-1, 1, [24, 6, 7, 3]).astype(np.float32)
    foreground = (rng.random([24, 20, 24, 1]) < 0.4).astype(np.float32)
    foreground[0] = 0
    image[1] = 0.3
    config = config_lib.GuidedConfig(harder_changes=0.7)
    changes = np.array(
        [guided.draw_changes(config, rng) for _ in range(24)], np.float32
    )
    wanted = recolor(image, foreground, second, tf.constant(changes)).numpy()
    found = pytorch_colors.recolor(
        *map(to_torch, (image, foreground, second)), torch.from_numpy(changes)
    )
    assert np.abs(wanted - image).max((1, 2, 3))[1:].min() > 0.02
    np.testing.assert_allclose(to_tensorflow(found), wanted, atol=2e-4)


@pytest.fixture
def pack(tmp_path, rng, small_config):
    """A pack of five objects, two of them among seven photographs, and its config."""
    from benchmarks import pack_pictures

    objects, photographs = tmp_path / "objects", tmp_path / "photographs"
    for folder in (objects / "images", objects / "masks", photographs):
        folder.mkdir(parents=True)
    for i in range(12):
        small = rng.uniform(0, 255, [4, 5, 3]).astype(np.uint8)
        picture = cv2.resize(small, (88 + 8 * i, 72), interpolation=cv2.INTER_NEAREST)
        if i < 5:
            cv2.imwrite(str(objects / "images" / f"{i}.png"), picture)
            mask = np.zeros([72, 88 + 8 * i], np.uint8)
            mask[20:60, 20 : 50 + 5 * i] = 255
            cv2.imwrite(str(objects / "masks" / f"{i}.png"), mask)
        if i > 2:
            cv2.imwrite(str(photographs / f"{i}.png"), picture)
    config = small_config
    config.data.source = f"folder:{objects}"
    config.data.num_validation_images = 0
    config.guided.regions = 0.5
    config.guided.regions_folder = str(photographs)
    folder = str(tmp_path / "pack")
    pack_pictures.pack(config, folder, side=48, quality=90, part_mib=1)
    return folder, config


def test_a_pack_holds_each_picture_once_with_its_object_and_regions(pack):
    from benchmarks import pytorch_data, pytorch_guided_data

    folder, config = pack
    pictures = pytorch_data.read_pictures(folder)
    found = pytorch_guided_data.read_objects(folder, config)
    assert len(pictures) == 9 + 3 and len(found.masks) == 5 and len(found.maps) == 9
    batches = pytorch_guided_data.GuidedBatches(pictures, found, config, [32])
    widths = []
    for number in found.masks:
        picture, mask = batches._with_object(number)
        i = (picture.shape[1] * 72 / 48 - 88) / 8
        widths.append(round(i))
        wanted = 40 * (30 + 5 * round(i)) * (48 / 72) ** 2
        assert mask.sum() == pytest.approx(wanted, rel=0.05)
    assert sorted(widths) == [0, 1, 2, 3, 4]
    for number in found.maps:
        for _ in range(3):
            picture, mask = batches._with_region(number, 32, np.random.default_rng(3))
            assert mask.shape == picture.shape[:2] and 0 < mask.mean() < 1
    # An older pack's pictures stay.
    from benchmarks import pack_pictures

    path = os.path.join(folder, "pictures-00.zip")
    old = os.stat(path).st_mtime_ns
    pack_pictures.pack(config, folder, side=48, quality=90, part_mib=1, keep=True)
    assert os.stat(path).st_mtime_ns == old
    assert len(pytorch_data.read_pictures(folder)) == 12


def test_a_batch_is_that_of_tensorflow(pack):
    from benchmarks import pytorch_data, pytorch_guided_data

    folder, config = pack
    config.data.global_batch_size = 24
    pictures = pytorch_data.read_pictures(folder)
    objects = pytorch_guided_data.read_objects(folder, config)
    batches = pytorch_guided_data.GuidedBatches(pictures, objects, config, [32])
    made = batches[1]
    floats = make_task(config).to_float({k: tf.constant(v) for k, v in made.items()})
    image, mask, _ = pytorch_data.to_device(made, "cpu")
    found = pytorch_guided_data.guide(made, image, mask)
    for name in ("foreground", "masked_image"):
        mine = to_tensorflow(getattr(found, name))
        np.testing.assert_allclose(mine, floats[name], atol=5e-4)
    assert 0.2 < floats["foreground"].numpy().any((1, 2, 3)).mean() < 1
    np.testing.assert_array_equal(found.boxes.numpy(), floats["foreground_boxes"])
    again = batches[1]
    assert all((again[name] == value).all() for name, value in made.items())


def test_training_needs_no_tensorflow_stops_and_goes_on(pack, tmp_path, capsys):
    from benchmarks import pytorch_weights, train_pytorch

    folder, config = pack
    file, out = save_config(config, tmp_path), str(tmp_path / "out")
    flags = [f"--pack={folder}", f"--out={out}", "--workers=0", "--log_seconds=0"]
    said = one_step_without_tensorflow(tmp_path, [*flags, f"--config={file}"])
    assert "12 pictures, cpu, from step 0." in said
    first, found, step = pytorch_weights.read_state(out)
    assert step == 1 and found == config
    assert "generator_optimizer.exp_avg.harmonized_to_image.trainable_0_kernel" in first
    assert train_pytorch.main([*flags, f"--resume={out}"]) == 0
    assert "nan" not in capsys.readouterr().out
    last, _, step = pytorch_weights.read_state(out)
    assert step == 4
    name = "ema_generator.harmonized_back_end_0.trainable_0_kernel"
    assert np.abs(last[name] - first[name]).max() > 0
    assert_restored(out, tmp_path / "run", last)
