"""Packed pictures, and trainings by PyTorch alone."""

import os
import pathlib

import cv2
import numpy as np
import pytest

from tests.benchmarks.twins import (
    assert_restored,
    needs_torch,
    one_step_without_tensorflow,
)
from tests.programs import run_program
from tf_btgmi import config as config_lib

# Importing PyTorch beside TensorFlow alone can take half a minute on a busy machine.
pytestmark = pytest.mark.timeout(300)


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
@pytest.mark.parametrize("sizes", [[32, 64], [64, 32, 48]])
def test_no_example_comes_twice_in_whatever_order_the_sizes_are(pack, sizes):
    from benchmarks import pytorch_data

    config = pack[1]
    config.masks.objects = 0.0
    config.data.global_batch_size = 4
    batches = pytorch_data.Batches([np.zeros([80, 80, 3], np.uint8)], config, sizes)
    drawn = []
    batches._example = lambda index, size: drawn.append(index) or {}
    for step in range(6):
        batches[step]
    assert len(drawn) == len(set(drawn)) > 12


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
def test_a_head_goes_on_with_new_blocks(pack):
    from benchmarks import pytorch_weights, train_pytorch

    config = pack[1]
    config.procedure.num_refinement_blocks = 0
    head = train_pytorch.make_training(config, {}, "cpu").state()
    config.procedure.num_refinement_blocks = 2
    config.training.seed = 1
    training = train_pytorch.make_training(config, head, "cpu")
    training.restore(head)
    networks = {"generator": training.generator, "ema_generator": training.average}
    for prefix, network in networks.items():
        found = pytorch_weights.to_arrays(network)
        for name, value in pytorch_weights.of_network(head, prefix).items():
            np.testing.assert_array_equal(found[name], value)
    kernel = "refinement_block_1.trainable_0_kernel"
    first, second = (pytorch_weights.to_arrays(n)[kernel] for n in networks.values())
    np.testing.assert_array_equal(first, second)
    assert first.std() > 0.01


@needs_torch
@pytest.mark.parametrize(
    "program, flags",
    [
        ("train_pytorch", ["--out=out", "--config=configs/smoke.py"]),
        ("train_pytorch", ["--out=out", "--config=missing.py"]),
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
def test_a_pack_that_fails_leaves_the_older_one(pack):
    from benchmarks import pack_pictures

    folder, config = pack
    older = {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}
    assert "pictures-00.zip" in older
    pictures = pathlib.Path(config.data.source[len("folder:") :])
    for path in sorted(pictures.iterdir())[3:]:
        path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"pictures/\d\.png cannot be read"):
        pack_pictures.pack(config, folder, side=48, quality=80, part_mib=1)
    after = {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}
    assert after == older


@needs_torch
def test_a_damaged_pack_is_not_added_to(pack):
    from benchmarks import pack_pictures

    folder, config = pack
    pathlib.Path(folder, "pictures-00.zip").write_bytes(b"PK")
    with pytest.raises(ValueError, match="pictures-00.zip is damaged"):
        pack_pictures.pack(config, folder, side=48, quality=90, keep=True)


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
