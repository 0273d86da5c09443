"""Whole runs through `train()`: resumed, refused, stopped."""

import fcntl
import logging
import os
import shutil
from unittest import mock

import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi import config as config_lib
from tf_btgmi.data import pipeline
from tf_btgmi.training import run_folder
from tf_btgmi.training.inpainting_gan import InpaintingGAN
from tf_btgmi.training.trainer import train

TOTAL = 7


def one_device():
    return tf.distribute.OneDeviceStrategy("CPU:0")


@pytest.fixture(scope="module")
def whole(make_config, tmp_path_factory):
    """A run of 4 + 3 steps that was never stopped, with a checkpoint of each."""
    config = make_config(
        training__checkpoint_every_steps=1,
        training__keep_checkpoints=TOTAL,
        data__num_validation_images=2,
        training__validate_every_steps=6,
    )
    workdir = str(tmp_path_factory.mktemp("runs") / "whole")
    return config, workdir, train(config, workdir, one_device())


@pytest.fixture
def killed(whole, tmp_path):
    """Makes what is left on the disk by a run killed after a checkpoint."""

    def killed(step: int) -> str:
        _, workdir, _ = whole
        left = tmp_path / "killed"
        shutil.copytree(workdir, left)
        folder = left / "checkpoints"
        for path in folder.glob("ckpt-*"):
            if int(path.name.split("-")[1].split(".")[0]) > step:
                path.unlink()
        (folder / "checkpoint").write_text(f'model_checkpoint_path: "ckpt-{step}"\n')
        return str(left)

    return killed


def assert_bit_equal(numbers_of, first, second):
    first, second = numbers_of(first), numbers_of(second)
    assert set(first) == set(second)
    assert len(first) > 100
    for name, value in first.items():
        if name.startswith("save_counter"):
            continue
        np.testing.assert_array_equal(second[name], value, err_msg=name)


def test_a_run_ends_after_all_steps_with_a_checkpoint_and_its_config(whole):
    config, workdir, result = whole
    assert (result.step, result.finished) == (TOTAL, True)
    assert result.signal_number is None
    assert result.checkpoint == os.path.join(workdir, "checkpoints", "ckpt-7")
    assert config_lib.load(os.path.join(workdir, "config.json")) == config
    assert os.listdir(os.path.join(workdir, "logs"))
    pictures = sorted(os.listdir(os.path.join(workdir, "pictures")))
    assert pictures == ["0000006.png", "0000007.png"]


def test_the_pictures_are_listed_once_for_training_and_validation(whole, killed):
    opening = mock.patch.object(pipeline, "open_source", wraps=pipeline.open_source)
    with opening as opened:
        assert train(whole[0], killed(4), one_device()).step == TOTAL
    assert opened.call_count == 1


def test_every_step_has_its_stage_alpha_weight_and_rate(whole):
    history = whole[2].history
    assert [row["step"] for row in history] == [1, 2, 3, 4, 5, 6, 7]
    assert [row["stage"] for row in history] == [0, 0, 0, 0, 1, 1, 1]
    alpha = [row["fade_in_alpha"] for row in history]
    assert alpha == [1, 1, 1, 1, 0.0, 0.5, 1.0]
    for name, initial in (("adversarial_weight", 1.0), ("learning_rate", 2e-4)):
        expected = [initial] * 4 + [0.1 * initial] * 3
        assert [row[name] for row in history] == pytest.approx(expected)
    for row in history:
        assert row["generator_loss"] == pytest.approx(
            10 * row["reconstruction_loss"]
            + row["adversarial_weight"] * row["adversarial_loss"],
            rel=1e-4,
        )
        assert "images_per_second" in row or row["step"] in (1, 5)


def test_a_stage_starts_with_a_fresh_optimizer_of_the_generator_alone(
    whole, numbers_of
):
    folder = os.path.join(whole[1], "checkpoints")
    steps_taken = {"generator": [4, 1, 3], "discriminator": [4, 5, 7]}
    for network, expected in steps_taken.items():
        name = f"{network}_optimizer/_iterations/.ATTRIBUTES/VARIABLE_VALUE"
        found = [numbers_of(os.path.join(folder, f"ckpt-{s}"))[name] for s in (4, 5, 7)]
        assert found == expected, network


def test_the_average_is_faded_in_with_the_generator(whole, numbers_of):
    folder = os.path.join(whole[1], "checkpoints")
    for step, alpha in ((4, 1.0), (5, 0.0), (6, 0.5), (7, 1.0)):
        numbers = numbers_of(os.path.join(folder, f"ckpt-{step}"))
        found = {
            name.split("/")[0]: value
            for name, value in numbers.items()
            if "fade_in_alpha" in name
        }
        assert found == {"generator": alpha, "ema_generator": alpha}


def test_the_average_follows_once_after_every_step(whole, numbers_of):
    folder = os.path.join(whole[1], "checkpoints")
    before, after = (numbers_of(os.path.join(folder, f"ckpt-{s}")) for s in (2, 3))
    names = [n[4:] for n in after if n.startswith("ema_") and "fade_in" not in n]
    assert len(names) > 20
    for name in names:
        mean, value = before[f"ema_{name}"], after[name]
        # The decay after 3 steps is 4 / 13.
        wanted = mean + 9 / 13 * (value - mean)
        np.testing.assert_allclose(
            after[f"ema_{name}"], wanted, rtol=1e-5, atol=1e-7, err_msg=name
        )


def test_validation_runs_at_its_steps_and_the_last(whole):
    row, last = whole[2].validation
    assert (row["step"], last["step"]) == (6, TOTAL)
    generator = {"step", "lpips", "hole_l1", "hole_psnr"}
    discriminators = {f"{name}_{i}" for name in ("right_pairs", "auc") for i in (0, 1)}
    assert set(row) == generator | discriminators
    assert 0 < row["lpips"] < 2 and 0 < row["hole_l1"] < 1


def test_a_new_block_is_untouched_until_its_stage(whole, numbers_of):
    _, workdir, _ = whole
    folder = os.path.join(workdir, "checkpoints")
    by_step = [numbers_of(os.path.join(folder, f"ckpt-{s}")) for s in (1, 4, 7)]
    block = [n for n in by_step[0] if "refinement_block" in n and "generator/" in n]
    block = [n for n in block if not n.startswith("ema")]
    kernels = [n for n in block if by_step[0][n].ndim == 4]
    assert len(kernels) == 2
    for name in block:
        np.testing.assert_array_equal(by_step[1][name], by_step[0][name])
    for name in kernels:
        assert (by_step[2][name] != by_step[1][name]).any()


def test_killed_in_stage_0_and_resumed_it_ends_bit_equal(
    whole, killed, numbers_of, caplog
):
    config, workdir, result = whole
    # A run to start from is one for step 0 alone.
    left = killed(3)
    with caplog.at_level("INFO", logger="absl"):
        again = train(config, left, one_device(), init_from=workdir)
    assert f"{left} has checkpoints of its own; {workdir} is not used." in caplog.text
    assert (again.step, again.finished) == (TOTAL, True)
    assert [row["step"] for row in again.history] == [4, 5, 6, 7]
    assert_bit_equal(numbers_of, result.checkpoint, again.checkpoint)
    for row, other in zip(result.history[3:], again.history):  # noqa: B905
        assert row["generator_loss"] == other["generator_loss"]


def test_blocks_that_a_new_run_leaves_out_at_first_are_told(whole, tmp_path, caplog):
    config, workdir, _ = whole
    train(config, str(tmp_path / "new"), one_device(), init_from=workdir)
    assert f"{workdir} uses 1 refinement block, which block-wise tr" in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize("step", [4, 5, 6])
def test_killed_at_or_after_a_stage_boundary_and_resumed_it_ends_bit_equal(
    whole, killed, numbers_of, step
):
    config, _, result = whole
    again = train(config, killed(step), one_device())
    assert_bit_equal(numbers_of, result.checkpoint, again.checkpoint)


@pytest.mark.slow
def test_a_warm_up_killed_and_resumed_ends_bit_equal(make_config, tmp_path, numbers_of):
    config = make_config(
        procedure__warmup_steps=2,
        procedure__warmup_image_size=16,
        procedure__num_refinement_blocks=0,
        training__checkpoint_every_steps=1,
        training__keep_checkpoints=9,
    )
    result = train(config, str(tmp_path / "whole"), one_device())
    for start in (1, 2):
        path = str(tmp_path / "whole" / "checkpoints" / f"ckpt-{start}")
        again = train(
            config, str(tmp_path / f"from{start}"), one_device(), resume_from=path
        )
        assert_bit_equal(numbers_of, result.checkpoint, again.checkpoint)


def test_a_finished_run_is_left_as_it_is(whole, killed, numbers_of):
    config, _, result = whole
    again = train(config, killed(TOTAL), one_device())
    assert (again.step, again.finished, again.history) == (TOTAL, True, [])
    assert_bit_equal(numbers_of, result.checkpoint, again.checkpoint)


def test_a_run_that_continues_a_finished_one_has_its_weights(
    whole, tmp_path, numbers_of
):
    config, _, result = whole
    workdir = str(tmp_path / "continued")
    again = train(config, workdir, one_device(), resume_from=result.checkpoint)
    assert again.finished and again.checkpoint.startswith(workdir)
    assert_bit_equal(numbers_of, result.checkpoint, again.checkpoint)


def test_resuming_with_another_config_is_refused_with_the_fields(
    make_config, whole, killed
):
    workdir = killed(TOTAL)
    config = make_config(
        data__num_validation_images=2,
        generator__base_filters=6,
        procedure__learning_rate=1e-3,
        training__seed=5,
        training__precision="mixed_bfloat16",
        training__ema_decay=0.5,
        losses__pixel_weight=3.0,
    )
    with pytest.raises(ValueError) as caught:
        train(config, workdir, one_device())
    message = str(caught.value)
    assert "config.generator.base_filters was 4 and is now 6" in message
    assert "config.procedure.learning_rate was 0.0002 and is now 0.001" in message
    assert "checkpoint_every_steps" not in message
    # The last of six fields is not listed.
    assert message.count(" was ") == 5 and "; and 1 more. Start" in message
    # A finished run has no more steps.
    assert message.endswith(
        f"Start a new --workdir with --init_from={workdir} (at step 0)."
    )
    # What the run was is not overwritten by what was refused.
    assert config_lib.load(os.path.join(workdir, "config.json")) == whole[0]


def test_a_workdir_with_a_space_is_quoted_in_the_advice(make_config, whole, tmp_path):
    run = tmp_path / "a run"
    shutil.copytree(whole[1], run)
    (run / "checkpoints" / "ckpt-7.index").unlink()
    (run / "checkpoints" / "checkpoint").unlink()
    config = make_config(procedure__learning_rate=1e-3)
    with pytest.raises(ValueError, match="contains a run with a different") as caught:
        train(config, str(run), one_device())
    assert str(caught.value).endswith(
        f"Start a new --workdir with --resume_from='{run}', or resume with "
        f"--config='{run}/config.json'."
    )


@pytest.mark.parametrize(
    "step, fields, advice",
    [
        pytest.param(3, {"training__seed": 9}, "--resume_from", marks=pytest.mark.slow),
        pytest.param(
            TOTAL, {"training__seed": 9}, "--init_from", marks=pytest.mark.slow
        ),
        # With more steps there is something left to resume.
        pytest.param(
            TOTAL,
            {"procedure__refinement_steps": 9},
            "--resume_from",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            3, {"generator__base_filters": 6}, "--init_from", marks=pytest.mark.slow
        ),
        (3, {"generator__base_filters": 12}, ""),
        (TOTAL, {"procedure__num_refinement_blocks": 0}, ""),
    ],
)
def test_a_refused_config_gets_advice_that_trains_it(
    make_config, killed, tmp_path, step, fields, advice
):
    workdir = killed(step)
    config = make_config(**fields)
    with pytest.raises(ValueError, match="different config") as caught:
        train(config, workdir, one_device())
    message = str(caught.value)
    flags = [f for f in ("--resume_from", "--init_from") if f"{f}={workdir}" in message]
    assert flags == [advice] * bool(advice)
    if advice:
        again = train(
            config, str(tmp_path / "new"), one_device(), **{advice[2:]: workdir}
        )
        assert again.finished and again.history


def test_a_workdir_that_is_refused_is_refused_before_the_source_is_listed(
    make_config, killed, tmp_path, caplog
):
    config = make_config(generator__base_filters=6)
    (tmp_path / "file").touch()
    with caplog.at_level("INFO", logger="absl"):
        with pytest.raises(ValueError, match="file is a file; give a folder"):
            train(config, str(tmp_path / "file"), one_device())
        with pytest.raises(ValueError, match="base_filters was 4 and is now 6"):
            train(config, killed(TOTAL), one_device())
    assert "pictures" not in caplog.text


def test_another_global_batch_size_on_resuming_warns(make_config, killed, caplog):
    config = make_config(data__num_validation_images=2, data__global_batch_size=2)
    workdir = killed(TOTAL)
    with caplog.at_level(logging.WARNING):
        train(config, workdir, one_device())
    assert "global_batch_size changes from 4 to 2" in caplog.text
    assert config_lib.load(f"{workdir}/config.json").data.global_batch_size == 2


def test_shares_of_the_change_are_stored_in_a_finished_run(
    make_config, killed, numbers_of
):
    config = make_config(
        data__num_validation_images=2,
        generator__change_share=0.65,
        generator__mismatch_share=0.2,
    )
    workdir = killed(TOTAL)
    before = numbers_of(os.path.join(workdir, "checkpoints", "ckpt-7"))
    again = train(config, workdir, one_device())
    assert again.history == []
    stored = config_lib.load(f"{workdir}/config.json").generator
    assert (stored.change_share, stored.mismatch_share) == (0.65, 0.2)
    after = numbers_of(again.checkpoint)
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value, err_msg=name)


@pytest.mark.parametrize("task", ["inpainting", "guided"])
def test_a_workdir_among_the_pictures_is_refused(make_config, tmp_path, task):
    (tmp_path / "link").symlink_to(tmp_path)
    source = f"folder:{tmp_path / 'link'}"
    for name in ("source", "validation_source"):
        fields = {f"data__{name}": source, "data__num_validation_images": 2}
        config = make_config(**fields)
        config.task = task
        workdir = str(tmp_path / "images" / "run")
        with pytest.raises(ValueError, match="images.run is in .*link.*--workdir else"):
            run_folder.check(config, workdir)
        assert not run_folder.check(config, f"{tmp_path}_run")
        # Nothing is written without validation, and beside the pictures of objects.
        if task == "guided":
            assert not run_folder.check(config, str(tmp_path / "run"))
        config.data.num_validation_images = 0
        assert not run_folder.check(config, workdir)


def test_a_workdir_among_the_masks_or_regions_is_refused(make_config, tmp_path):
    workdir = str(tmp_path / "files" / "run")
    config = make_config(data__num_validation_images=2)
    config.masks.objects_folder = config.guided.regions_folder = str(tmp_path / "files")
    config.masks.objects = config.guided.regions = 0.0
    # Their files are not read.
    assert not run_folder.check(config, workdir)
    for section in (config.masks, config.guided):
        name = "objects" if section is config.masks else "regions"
        setattr(section, name, 0.5)
        with pytest.raises(ValueError, match="files.run is in .*files: the run would"):
            run_folder.check(config, workdir)
        setattr(section, name, 0.0)


def test_a_second_run_in_the_same_workdir_is_refused(make_config, tmp_path):
    with open(tmp_path / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ValueError, match="Another training is running in"):
            train(make_config(), str(tmp_path), one_device())
    assert not (tmp_path / "config.json").exists()


def test_resuming_from_a_missing_place_is_refused_before_anything_is_made(
    make_config, tmp_path
):
    with pytest.raises(ValueError, match="There is no folder or checkpoint .*missing"):
        train(
            make_config(),
            str(tmp_path / "new"),
            one_device(),
            resume_from=str(tmp_path / "missing"),
        )
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"data__min_crop": 7.0}, "min_crop must be 0.05 to 1; it is 7"),
        ({"masks__max_hole_ratio": 0.001}, "no such hole is within"),
    ],
)
def test_a_wrong_config_is_refused_before_anything_is_made(
    make_config, tmp_path, changes, message
):
    with pytest.raises(ValueError, match=message):
        train(make_config(**changes), str(tmp_path / "new"), one_device())
    assert not (tmp_path / "new").exists()


def test_a_batch_that_replicas_cannot_share_is_refused(
    make_config, tmp_path, two_replicas
):
    config = make_config(data__global_batch_size=3)
    with pytest.raises(ValueError, match=r"\(3\) must be a multiple .* replicas \(2\)"):
        train(config, str(tmp_path), two_replicas)


def test_an_infinite_loss_ends_the_run_and_saves_nothing(make_config, tmp_path):
    config = make_config(
        losses__reconstruction="l1",
        losses__reconstruction_weight=float("inf"),
        discriminator__num_scales=1,
        procedure__num_refinement_blocks=0,
        training__checkpoint_every_steps=1,
    )
    with pytest.raises(FloatingPointError, match="step 1 the generator_loss became"):
        train(config, str(tmp_path), one_device())
    assert not list(tmp_path.glob("checkpoints/ckpt*"))


@pytest.mark.parametrize(
    "said, raised",
    [
        ("OOM when allocating tensor with shape[8,256,256,64]", MemoryError),
        ("Out of memory while trying to allocate 4294967296 bytes.", MemoryError),
        ("No space left on device", tf.errors.ResourceExhaustedError),
    ],
)
def test_a_step_too_large_for_the_memory_says_what_to_lower(
    make_config, tmp_path, monkeypatch, said, raised
):
    def fit(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, said)

    monkeypatch.setattr(InpaintingGAN, "fit", fit)
    words = "global_batch_size" if raised is MemoryError else said
    with pytest.raises(raised, match=words):
        train(make_config(), str(tmp_path), one_device())
