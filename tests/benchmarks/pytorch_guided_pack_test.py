"""Packs of objects and regions, and trainings of the task `guided` by PyTorch alone."""

import copy
import os

import numpy as np
import pytest
import tensorflow as tf

from tests.benchmarks.twins import (
    assert_restored,
    needs_torch,
    one_step_without_tensorflow,
    save_config,
    to_tensorflow,
)
from tf_btgmi.data.tasks import make_task

pytestmark = [needs_torch, pytest.mark.timeout(300)]


def test_a_pack_holds_each_picture_once_with_its_object_and_regions(guided_pack):
    from benchmarks import pytorch_data, pytorch_guided_data

    folder, config = guided_pack
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


def test_a_pack_without_objects_to_train_on_is_refused(guided_pack):
    from benchmarks import pack_pictures

    folder, config = guided_pack
    config = copy.deepcopy(config)
    # The photographs of regions alone are no pack.
    config.data.num_validation_images = 1000
    with pytest.raises(ValueError, match="num_validation_images=1000 holds out all"):
        pack_pictures.pack(config, f"{folder}2", side=48, quality=90)


def test_a_batch_is_that_of_tensorflow(guided_pack):
    from benchmarks import pytorch_data, pytorch_guided_data

    folder, config = guided_pack
    config.data.global_batch_size = 24
    pictures = pytorch_data.read_pictures(folder)
    objects = pytorch_guided_data.read_objects(folder, config)
    batches = pytorch_guided_data.GuidedBatches(pictures, objects, config, [32])
    made = batches[1]
    floats = make_task(config).to_float({k: tf.constant(v) for k, v in made.items()})
    _, mask, _ = pytorch_data.to_device(made, "cpu")
    found = pytorch_guided_data.guide(made, mask)
    for name in ("foreground", "masked_image"):
        mine = to_tensorflow(getattr(found, name))
        np.testing.assert_allclose(mine, floats[name], atol=1e-6)
    assert 0.2 < floats["foreground"].numpy().any((1, 2, 3)).mean() < 1
    np.testing.assert_array_equal(found.boxes.numpy(), floats["foreground_boxes"])
    again = batches[1]
    assert all((again[name] == value).all() for name, value in made.items())


def test_training_needs_no_tensorflow_stops_and_goes_on(guided_pack, tmp_path, capsys):
    from benchmarks import pytorch_weights, train_pytorch

    folder, config = guided_pack
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
