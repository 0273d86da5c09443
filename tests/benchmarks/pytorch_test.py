"""That PyTorch's twin is the same method; skipped where PyTorch is missing."""

import glob
import importlib.util
import os
from unittest import mock

import cv2
import numpy as np
import pytest
import tensorflow as tf

from benchmarks import compare_pytorch
from tests.benchmarks.twins import (
    assert_moved_alike,
    assert_restored,
    assert_same_losses,
    one_step_without_tensorflow,
    values_of,
)
from tests.programs import run_program
from tests.trainings import write_lively_run
from tf_btgmi import config as config_lib
from tf_btgmi import loading
from tf_btgmi.ablation.arms import ARMS, arm_config
from tf_btgmi.losses.objective import Objective
from tf_btgmi.ops import image_ops
from tf_btgmi.schedules import Schedules
from tf_btgmi.training.build import scheduled_callbacks

HAVE_TORCH = importlib.util.find_spec("torch") is not None
needs_torch = pytest.mark.skipif(
    not HAVE_TORCH, reason="PyTorch is missing (requirements-benchmarks.txt)"
)
# Importing PyTorch beside TensorFlow alone can take half a minute on a busy machine.
pytestmark = pytest.mark.timeout(300)


@pytest.mark.skipif(HAVE_TORCH, reason="PyTorch is installed")
def test_a_missing_pytorch_is_told_with_what_to_do():
    with pytest.raises(ValueError, match="pip install -r requirements-benchmarks.txt"):
        compare_pytorch.need_pytorch()


@pytest.fixture
def small_workdir(lively_workdir, tmp_path):
    """A lively run of an arm of the ablation with small networks."""

    def make(arm="base", **fields):
        config = config_lib.load(os.path.join(lively_workdir, "config.json"))
        config.discriminator.base_filters = 4
        config.losses.ppl_patch_size = 32
        config.losses.pixel_weight = 10.0
        config.losses.adversarial = "hinge"
        config.losses.discriminator_patches = "hole"
        config = arm_config(config, arm, 0)
        for path, value in fields.items():
            section, _, name = path.partition("__")
            setattr(getattr(config, section), name, value)
        folder = str(tmp_path / "run")
        write_lively_run(config, folder)
        return folder

    return make


# Block-wise growth and annealing are no matter of a single step.
CHOICES = [
    *((arm, {}) for arm in ARMS if arm not in ("all_blocks", "constant_adversarial")),
    ("all_patches", {"losses__adversarial": "bce", "losses__pixel_region": "hole"}),
    ("instance_norm", {"losses__adversarial": "lsgan"}),
]


@needs_torch
@pytest.mark.parametrize(
    "arm, fields", CHOICES, ids=["-".join([a, *f.values()]) for a, f in CHOICES]
)
def test_a_training_step_is_that_of_tensorflow(small_workdir, arm, fields):
    from benchmarks import both_frameworks

    batch = both_frameworks.make_batch(64, 2)
    both = both_frameworks.Both(small_workdir(arm, **fields), "float32", 64, batch)
    # Two holes in one picture, one in the other.
    both.config.losses.ppl_max_holes = 2
    second = [[[40, 4, 60, 20]], [[0, 0, 0, 0]]]
    batch["mask"][0, 40:60, 4:20] = 1
    batch["hole_boxes"] = np.concatenate([batch["hole_boxes"], second], 1)
    batch["hole_boxes"] = batch["hole_boxes"].astype(np.float32)
    networks = {
        "generator": both.model.generator,
        "average": both.model.ema_generator,
        "discriminator": both.model.discriminator,
    }
    before = {name: values_of(network) for name, network in networks.items()}
    training = both.torch_training(aligned=True)
    # Untraced: a trace takes many times as long as the step.
    ours = both.model.train_step({k: tf.constant(v) for k, v in batch.items()})
    both.model.update_average()
    theirs = both.torch_step(training)()
    assert_same_losses(ours, theirs, both_frameworks.COMPARED)
    hinge = both.config.losses.adversarial == "hinge"
    last = ("trainable_9_bias", "trainable_6_bias") if hinge else ()
    lengths = assert_moved_alike(training, networks, before, last)
    # How far the average follows the generator.
    first, second = np.divide(
        lengths["average", "stem.trainable_0_kernel"],
        lengths["generator", "stem.trainable_0_kernel"],
    )
    assert first == pytest.approx(second, rel=1e-4)


@needs_torch
def test_a_composite_without_a_hole_is_no_fake(rng):
    from benchmarks import both_frameworks, pytorch_losses

    masks = [
        (rng.random([3, side, side, 1]) < 0.3).astype("float32") for side in (5, 3)
    ]
    for mask in masks:
        mask[1] = 0
    for kind in ("hole", "all_fake"):
        objective = Objective(reconstruction="l1", patch_labels=kind)
        wanted = objective._labels([tf.constant(mask) for mask in masks])
        given = [both_frameworks.to_torch(mask) for mask in masks]
        found = pytorch_losses.patch_labels(given, kind)
        for one, other in zip(wanted, found):
            np.testing.assert_array_equal(other.permute(0, 2, 3, 1), one)


@needs_torch
@pytest.mark.parametrize("arm", ["base", "all_blocks", "constant_adversarial"])
def test_rates_weights_and_fade_in_are_those_of_the_callbacks(pack, arm):
    from benchmarks import train_pytorch

    config = arm_config(pack[1], arm, 0)
    config.procedure.fade_in_steps = 1
    config.procedure.refinement_steps = 2
    config.procedure.num_refinement_blocks = 2
    config.procedure.learning_rate_decay_steps = 3
    config.procedure.discriminator_learning_rate_factor = 3.0
    config.procedure.adversarial_weight = 0.7
    schedules = Schedules(config.procedure)
    training = train_pytorch.make_training(config, {}, "cpu")
    optimizers = training.optimizers
    for step in range(schedules.plan.total_steps):
        model = mock.MagicMock()
        model.step.numpy.return_value = step
        for callback in scheduled_callbacks(config.procedure):
            callback.set_model(model)
            callback.on_train_batch_begin(0)
        training.schedule(schedules, step)
        found = [
            *(optimizers[name].param_groups[0]["lr"] for name in optimizers),
            training.adversarial_weight,
            training.generator.fade_in_alpha.item(),
            training.average.fade_in_alpha.item(),
        ]
        variables = [
            model.generator_optimizer.learning_rate,
            model.discriminator_optimizer.learning_rate,
            model.adversarial_weight,
            model.generator.fade_in_alpha,
            model.ema_generator.fade_in_alpha,
        ]
        wanted = [variable.assign.call_args[0][0] for variable in variables]
        assert found == pytest.approx(wanted)


@needs_torch
@pytest.mark.slow
@pytest.mark.parametrize("arm", ["base", "interpolated", "dilation_1"])
def test_predictions_and_first_losses_are_those_of_tensorflow(small_workdir, arm):
    from benchmarks import both_frameworks

    batch = both_frameworks.make_batch(64, 2)
    both = both_frameworks.Both(small_workdir(arm), "float32", 64, batch)
    # `check` refuses more than 1e-4 and 0.1 %.
    assert both.check().startswith("predictions differ by at most")


@needs_torch
def test_weights_of_another_config_say_what_to_do(monkeypatch):
    import torch

    from benchmarks import pytorch_weights

    tensors = {"stem": torch.zeros([3])}
    monkeypatch.setattr(pytorch_weights, "named_tensors", lambda network: tensors)
    with pytest.raises(ValueError, match=r"stem has .* \(5,\), this .* \(3,\): give"):
        pytorch_weights.assign(None, {"stem": np.zeros([5])})


@needs_torch
def test_other_weights_are_found_out(small_workdir):
    from benchmarks import both_frameworks

    batch = both_frameworks.make_batch(64, 2)
    both = both_frameworks.Both(small_workdir(), "float32", 64, batch)
    both.weights["stem.trainable_0_kernel"] *= np.float32(1.5)
    with pytest.raises(ValueError, match="TensorFlow and PyTorch differ: predictions"):
        both.check()


@needs_torch
@pytest.mark.parametrize("box", [(0, 0, 8, 8), (2, 1, 7, 6), (-1.5, 2.25, 9, 30)])
def test_boxes_are_resized_alike(box, rng):
    import torch

    from benchmarks import both_frameworks, pytorch_losses

    image = rng.normal(size=[1, 24, 32, 3]).astype(np.float32)
    boxes = np.array([[box, (0, 0, 0, 0)]], np.float32)
    wanted = image_ops.resize_boxes(image, boxes, 5).numpy()
    found = pytorch_losses.resize_boxes(
        both_frameworks.to_torch(image), torch.from_numpy(boxes), 5
    )
    np.testing.assert_allclose(found.permute(0, 1, 3, 4, 2), wanted, atol=1e-5)


def predictions(workdir, inputs):
    generator, _ = loading.load_generator(workdir)
    return generator(inputs, training=False).numpy()


@needs_torch
def test_weights_travel_to_pytorch_and_back(lively_workdir, tmp_path, rng):
    import torch

    from benchmarks import both_frameworks, pytorch_runs, pytorch_weights, train_pytorch

    inputs = rng.normal(size=[2, 32, 32, 4]).astype(np.float32)
    generator, config = loading.load_generator(lively_workdir)
    config.discriminator.base_filters = 4
    wanted = generator(inputs, training=False).numpy()
    # A whole run of it, with a discriminator.
    state, workdir = str(tmp_path / "state"), str(tmp_path / "run")
    weights = {f"ema_generator.{n}": v for n, v in values_of(generator).items()}
    pytorch_weights.save_state(state, weights, config, 2)
    pytorch_runs.write_workdir(state, workdir)
    assert pytorch_runs.write_state(workdir, state) == 2
    arrays, config, step = pytorch_weights.read_state(state)
    assert step == 2 and any(name.startswith("discriminator.") for name in arrays)
    training = train_pytorch.make_training(config, arrays, "cpu")
    training.begin_stage(generator.stage)

    def of_torch():
        with torch.inference_mode():
            result = training.average(both_frameworks.to_torch(inputs))
        return result.permute(0, 2, 3, 1).numpy()

    np.testing.assert_allclose(of_torch(), wanted, atol=1e-4)
    # Other weights than those that came.
    with torch.no_grad():
        for weight in training.average.parameters():
            weight.mul_(1.1)
    changed = of_torch()
    assert np.abs(changed - wanted).max() > 1e-2
    pytorch_weights.save_state(state, training.state(), config, step)
    pytorch_runs.write_workdir(state, str(tmp_path / "back"))
    found = predictions(str(tmp_path / "back"), inputs)
    np.testing.assert_allclose(found, changed, atol=1e-4)
    with pytest.raises(ValueError, match="holds a checkpoint"):
        pytorch_runs.write_workdir(state, str(tmp_path / "back"))


@needs_torch
def test_a_release_is_a_state(tmp_path, lively_workdir):
    from benchmarks import pytorch_weights
    from tf_btgmi.releases import save_release

    generator, config = loading.load_generator(lively_workdir)
    save_release(generator, config, str(tmp_path / "release"))
    arrays, config, step = pytorch_weights.read_state(str(tmp_path / "release"))
    assert step == 0 and config.name == "lively"
    for name, value in values_of(generator).items():
        for prefix in ("generator", "ema_generator"):
            found = arrays[f"{prefix}.{name}"]
            np.testing.assert_allclose(found, value, rtol=1e-3, atol=1e-7)


@needs_torch
def test_parts_of_a_state_are_small_and_of_one_step(tmp_path, monkeypatch):
    from benchmarks import pytorch_weights

    monkeypatch.setattr(pytorch_weights, "PART_MIB", 1)
    config = config_lib.Config()
    folder = str(tmp_path)
    for step, count in ((3, 5), (4, 3)):
        arrays = {
            f"ema_generator.{i}": np.full([100, 1000], i + step, np.float32)
            for i in range(count)
        }
        pytorch_weights.save_state(folder, arrays, config, step)
        parts = glob.glob(os.path.join(folder, "weights-*.npz"))
        assert len(parts) == -(-count // 2)
        assert all(os.path.getsize(part) < 2**20 for part in parts)
        found, _, found_step = pytorch_weights.read_state(folder)
        assert found_step == step
        assert len(found) == 2 * count
        for name, value in arrays.items():
            np.testing.assert_array_equal(found[name], value)
    np.savez(os.path.join(folder, "weights-1.npz"), step=np.array(3))
    with pytest.raises(ValueError, match="parts of steps"):
        pytorch_weights.read_state(folder)


@needs_torch
def test_a_pack_holds_the_training_pictures(pack):
    from benchmarks import pytorch_data
    from tf_btgmi.data.folder import FolderSource

    folder, config = pack
    pictures = pytorch_data.read_pictures(folder)
    source = FolderSource(config.data.source.partition(":")[2], 1)
    assert len(pictures) == source.num_training == 6
    for i, picture in enumerate(pictures):
        image = source.read(i)
        height, width = 48, round(48 / 72 * image.shape[1])
        wanted = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        assert picture.shape == wanted.shape
        assert np.abs(picture.astype(float) - wanted).mean() < 4


@needs_torch
def test_batches_are_those_of_any_worker_and_each_epoch_has_every_picture(pack):
    from benchmarks import pytorch_data

    folder, config = pack
    config.masks.objects = 0.0
    marked = [np.full([40, 40, 3], 10 * i, np.uint8) for i in range(6)]
    batches = pytorch_data.Batches(marked, config, [32])
    wanted = [batches[step] for step in range(6)]
    for workers in (0, 2):
        found = list(pytorch_data.loader(batches, range(6), workers))
        for one, other in zip(wanted, found):
            for name, value in one.items():
                np.testing.assert_array_equal(value, other[name])
    for epoch in (wanted[:3], wanted[3:]):
        seen = sorted(int(image[0, 0, 0]) for b in epoch for image in b["image"])
        assert seen == [0, 10, 20, 30, 40, 50]
    assert wanted[0]["mask"].shape == (2, 32, 32, 1)


@needs_torch
def test_sizes_take_turns_on_the_pictures_that_are_large_enough(pack):
    from benchmarks import pytorch_data

    _, config = pack
    config.masks.objects = 0.0
    config.data.global_batch_size = 8
    marked = [np.full([i, 2 * i, 3], i, np.uint8) for i in (40, 50, 70, 90)]
    batches = pytorch_data.Batches(marked, config, [32, 64])
    seen = {32: set(), 64: set()}
    for step in range(8):
        image = batches[step]["image"]
        assert image.shape == ((8, 32, 32, 3) if step % 2 == 0 else (2, 64, 64, 3))
        seen[image.shape[1]] |= set(image[:, 0, 0, 0].tolist())
    assert seen == {32: {40, 50, 70, 90}, 64: {70, 90}}
    with pytest.raises(ValueError, match="as large as 128 px"):
        pytorch_data.Batches(marked, config, [128])


@needs_torch
def test_training_needs_no_tensorflow_stops_and_goes_on(pack, tmp_path, capsys):
    from benchmarks import pytorch_weights, train_pytorch

    folder, config = pack
    file, out = str(tmp_path / "config.json"), str(tmp_path / "out")
    config_lib.save(config, file)
    flags = [f"--pack={folder}", f"--out={out}", "--workers=0", "--log_seconds=0"]
    said = one_step_without_tensorflow(tmp_path, [*flags, f"--config={file}"])
    assert "6 pictures, cpu, from step 0." in said
    assert "step 1, " in said
    first, found, step = pytorch_weights.read_state(out)
    assert step == 1 and found == config
    assert "generator_optimizer.exp_avg.stem.trainable_0_kernel" in first
    # To the end, in bfloat16, with the optimizer's count of steps.
    precision = "training.precision=mixed_bfloat16"
    small = str(tmp_path / "small")
    more = [f"--resume={out}", f"--compact={small}", "--set", precision]
    assert train_pytorch.main([*flags, *more]) == 0
    said = capsys.readouterr().out
    assert "from step 1." in said and "Stage 1, step 2, 32 px" in said
    assert "fade_in_alpha=0\n" in said and "nan" not in said
    last, found, step = pytorch_weights.read_state(out)
    assert step == 4 and found.training.precision == "mixed_bfloat16"
    assert last["discriminator_optimizer.count"] == 4
    assert last["generator_optimizer.count"] == 2
    assert_restored(out, tmp_path / "run", last)
    halved = {n: v.astype(np.float16) if v.ndim == 4 else v for n, v in last.items()}
    assert_restored(small, tmp_path / "small_run", halved)


@needs_torch
@pytest.mark.parametrize(
    "program, flags",
    [
        ("train_pytorch", ["--out=out", "--config=configs/smoke.py"]),
        ("train_pytorch", ["--out=out", "--config=missing.py"]),
        ("pytorch_arms", ["--out=out", "--work=work", "--config=missing.py"]),
    ],
)
def test_a_missing_file_is_one_line(program, flags):
    done = run_program(f"benchmarks.{program}", "--pack=missing", *flags)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"{program}.py: ") and "missing" in done.stderr


@needs_torch
def test_a_config_that_the_step_cannot_train_is_refused():
    from benchmarks import pytorch_step

    config = config_lib.Config()
    pytorch_step.check(config)
    config.losses.reconstruction = "overlap_l2"
    config.training.precision = "mixed_float16"
    with pytest.raises(ValueError, match="reconstruction must be ppl .*mixed_float16"):
        pytorch_step.check(config)


@needs_torch
def test_a_pack_without_pictures_to_train_on_is_refused(pack):
    from benchmarks import pack_pictures

    folder, config = pack
    config.data.num_validation_images = 7
    with pytest.raises(ValueError, match="num_validation_images=7 holds out all"):
        pack_pictures.pack(config, f"{folder}2", side=48, quality=90)
    assert not os.path.exists(f"{folder}2")


@needs_torch
def test_graphs_are_not_recorded_without_a_gpu(pack, tmp_path, monkeypatch):
    import torch

    from benchmarks import train_pytorch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    config = str(tmp_path / "config.json")
    config_lib.save(pack[1], config)
    flags = [f"--pack={pack[0]}", f"--config={config}", f"--out={tmp_path}", "--record"]
    with pytest.raises(ValueError, match="leave it out without a GPU"):
        train_pytorch.main(flags)
