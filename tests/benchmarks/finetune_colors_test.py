"""Fine-tuning of a guided model's colours by PyTorch."""

import copy
import re

import numpy as np
import pytest

from tests.benchmarks.twins import assert_restored, needs_torch

pytestmark = [needs_torch, pytest.mark.timeout(300)]


@pytest.fixture(name="batch")
def _batch(guided_pack):
    from benchmarks import pytorch_data, pytorch_guided_data

    folder, config = guided_pack
    pictures = pytorch_data.read_pictures(folder)
    objects = pytorch_guided_data.read_objects(folder, config)
    config.data.global_batch_size = 4
    return pytorch_guided_data.GuidedBatches(pictures, objects, config, [32])[0]


@pytest.fixture(name="start")
def _start(guided_pack, tmp_path):
    """A state with random weights, and a network with them."""
    from benchmarks import finetune_colors, pytorch_weights, train_pytorch

    _, config = guided_pack
    arrays = train_pytorch.make_training(config, {}, "cpu").state()
    folder = str(tmp_path / "start")
    pytorch_weights.save_state(folder, arrays, config, 0)
    network = finetune_colors._generator(config)
    own = pytorch_weights.of_network(arrays, "ema_generator")
    pytorch_weights.assign(network, own)
    return folder, network


def test_colours_come_near_and_fills_return(start, batch):
    from benchmarks.finetune_colors import Finetuning

    def train(keep):
        network = copy.deepcopy(start[1])
        tuning = Finetuning(network, 2e-2, keep, 16)
        assert float(tuning(batch)[1]) == 0.0
        network.to_image.bias.data += 0.05
        return np.array([[float(x) for x in tuning(batch)] for _ in range(15)])

    kept, free = train(keep=4.0), train(keep=0.0)
    assert kept[-1, 0] < 0.9 * kept[0, 0]
    assert kept[0, 1] > 0.005 and kept[-1, 1] < 0.5 * kept[0, 1]
    assert free[-1, 1] > 0.9 * free[0, 1]


def test_it_goes_on_as_if_not_stopped(start, batch):
    from benchmarks.finetune_colors import Finetuning

    whole = Finetuning(copy.deepcopy(start[1]), 1e-3, 4.0, 4)
    first = Finetuning(copy.deepcopy(start[1]), 1e-3, 4.0, 4)
    for _ in range(4):
        whole(batch)
    for _ in range(2):
        first(batch)
    second = Finetuning(copy.deepcopy(start[1]), 1e-3, 4.0, 4)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for _ in range(2):
        second(batch)
    assert second.step == 4
    for name, value in whole.averaged.items():
        assert (value == second.averaged[name]).all(), name


def test_the_program_writes_a_state(start, guided_pack, tmp_path, capsys):
    from benchmarks import finetune_colors, pytorch_weights

    out = str(tmp_path / "out")
    flags = [
        f"--init={start[0]}",
        f"--pack={guided_pack[0]}",
        f"--out={out}",
        "--steps=2",
    ]
    assert finetune_colors.main(flags) == 0
    said = re.fullmatch(
        r"step 2 of 2: colours (0\.\d+), fills (0\.\d+), \d+ s\n",
        capsys.readouterr().out,
    )
    # A mean over the two steps; random weights are far from the truth.
    assert 0.05 < float(said[1]) < 0.5 and float(said[2]) < 0.05
    arrays, config, step = pytorch_weights.read_state(out)
    assert step == 4 and config.task == "guided"
    before, _, _ = pytorch_weights.read_state(start[0])
    name = "ema_generator.harmonized_to_image.trainable_0_kernel"
    assert np.abs(arrays[name] - before[name]).max() > 0
    assert_restored(out, tmp_path / "run", arrays)
    # All steps are taken.
    assert finetune_colors.main(flags) == 0
    assert capsys.readouterr().out == ""


def test_a_model_of_one_output_is_refused(guided_pack, tmp_path):
    from benchmarks import finetune_colors

    flags = [
        "--init=btgmi-outdoor-192",
        f"--pack={guided_pack[0]}",
        f"--out={tmp_path}",
    ]
    with pytest.raises(ValueError, match="btgmi-outdoor-192 is no guided model"):
        finetune_colors.main(flags)
