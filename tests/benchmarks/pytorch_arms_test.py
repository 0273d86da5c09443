"""The ablation by PyTorch's twin: trained side by side, measured by TensorFlow."""

import json
import os

import numpy as np
import pytest

from tf_btgmi import config as config_lib
from tf_btgmi import loading
from tf_btgmi.ablation.arms import arm_config
from tf_btgmi.ablation.runs import Ablation
from tf_btgmi.models.naming import named_weights

pytest.importorskip("torch", reason="PyTorch is missing")
pytestmark = pytest.mark.timeout(300)


def test_arms_are_stopped_go_on_and_come_back_as_a_study(pack, tmp_path, capsys):
    from benchmarks import pytorch_arms, pytorch_runs, pytorch_weights

    folder, base = pack
    base.masks.objects = 0.0
    base.losses.discriminator_patches = "hole"
    work, out, study = (str(tmp_path / name) for name in ("work", "out", "study"))
    file = str(tmp_path / "base.json")
    config_lib.save(base, file)
    flags = [f"--config={file}", f"--pack={folder}", f"--work={work}", f"--out={out}"]
    flags += ["--arms", "base", "one_scale", "--seeds", "3", "--parallel=2"]
    flags += ["--workers=0", "--log_seconds=0", "--set", "training.ema_decay=0.5"]
    # The first is stopped after its first step.
    assert pytorch_arms.main([*flags, "--parallel=1", "--minutes=0.001"]) == 1
    said = capsys.readouterr().out
    assert "base-seed3 is not finished: Saved step 1 in" in said
    assert "one_scale-seed3 is not finished: not started" in said
    assert not os.path.exists(out)
    assert pytorch_arms.main(flags) == 0
    assert "2 of 2 trainings" in capsys.readouterr().out

    base.training.ema_decay = 0.5
    assert pytorch_runs.write_study(out, study) == ["base-seed3", "one_scale-seed3"]
    assert config_lib.load(os.path.join(study, "base.json")) == base
    # The training fails where one is started.
    ablation = Ablation(
        study, base, ["base", "one_scale"], [3], {}, ["false"], ["true"]
    )
    assert ablation.run() == []
    for arm, num_scales in (("base", 3), ("one_scale", 1)):
        name = f"{arm}-seed3"
        workdir = os.path.join(study, "runs", name)
        generator, config = loading.load_generator(workdir)
        assert config == arm_config(base, arm, 3) and generator.stage == 1
        last = pytorch_weights.read_state(os.path.join(work, name, "state"))[0]
        for weight, value in named_weights(generator).items():
            wanted = last[f"ema_generator.{weight}"]
            np.testing.assert_allclose(value.numpy(), wanted, rtol=1e-3, atol=1e-7)
        with open(os.path.join(work, name, "log.txt"), encoding="utf-8") as log:
            lines = [line for line in log if line.startswith(("step 3,", "step 4,"))]
        shares = [line.split("right_pairs_0=")[1].split()[0] for line in lines]
        assert len(shares) == 2
        with open(os.path.join(study, "right_pairs.json"), encoding="utf-8") as file:
            found = json.load(file)[name]
        assert len(found) == num_scales
        assert found[0] == pytest.approx(np.mean([float(share) for share in shares]))


def test_steps_are_recorded_where_asked_for(tmp_path, monkeypatch):
    from benchmarks import pytorch_arms

    commands = []
    monkeypatch.setattr(
        pytorch_arms.subprocess, "Popen", lambda command, **_: commands.append(command)
    )
    training = pytorch_arms.Training(config_lib.Config(name="one"), str(tmp_path))
    needed = ["--config=c", "--pack=p", "--work=w", "--out=o"]
    for more in ([], ["--record"]):
        training.start(pytorch_arms._flags(needed + more), 1.0)
    assert ["--record" in command for command in commands] == [False, True]


def test_files_that_go_back_are_small():
    from benchmarks import pytorch_weights, train_pytorch
    from tf_btgmi.config import files

    config = files.read("configs/ablation_64.py")
    state = train_pytorch.make_training(config, {}, "cpu").state()
    small = pytorch_weights.compact(state)
    generator = [v for n, v in small.items() if n.startswith("ema_generator.")]
    # All arms with two seeds, beside the other files of a call.
    assert 24 * sum(value.nbytes for value in generator) < 60 * 2**20
