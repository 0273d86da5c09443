"""The stages of a run: what the model is asked for, and the examples of each."""

import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.data import pipeline
from tf_btgmi.training import trainer


class Calls(list):
    """What a run asks of its model, in order; no step is taken."""

    stop_training = False

    def begin_stage(self, num_blocks, trained):
        self.append(("stage", num_blocks, *trained))

    def restart_generator_optimizer(self):
        self.append("restart")


BOTH = ("generator", "discriminator")


@pytest.mark.parametrize(
    "start, changes, expected",
    [
        (
            0,
            {},
            [
                ("stage", 0, "generator"),
                (0, 2, 16),
                ("stage", 0, *BOTH),
                (2, 2, 32),
                ("stage", 1, *BOTH),
                "restart",
                (4, 3, 32),
            ],
        ),
        (4, {}, [("stage", 1, *BOTH), "restart", (4, 3, 32)]),
        (5, {}, [("stage", 1, *BOTH), (5, 2, 32)]),
        (4, {"procedure__restart_optimizer": False}, [("stage", 1, *BOTH), (4, 3, 32)]),
        (
            3,
            {"procedure__block_wise": False},
            [
                ("stage", 1, *BOTH),
                (3, 1, 32),
                ("stage", 1, *BOTH),
                "restart",
                (4, 3, 32),
            ],
        ),
    ],
)
def test_a_run_goes_through_its_stages_from_any_step(
    make_config, monkeypatch, start, changes, expected
):
    config = make_config(
        procedure__warmup_steps=2,
        procedure__warmup_image_size=16,
        procedure__generator_only_steps=2,
        **changes,
    )
    monkeypatch.setattr(trainer, "_distributed", lambda *asked: asked[2:])
    monkeypatch.setattr(trainer, "_fit", lambda model, data, *_: model.append(data))
    calls = Calls()
    trainer._train_stages(config, calls, None, [], start)
    assert calls == expected


def test_the_examples_of_a_stage_are_those_of_its_steps_and_size(make_config):
    config = make_config()
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    (found,) = trainer._distributed(config, strategy, 3, 1, 16)
    wanted = list(pipeline.training_dataset(config, num_steps=4, image_size=16))[3]
    assert found["image"].shape == (4, 16, 16, 3)
    for name, value in wanted.items():
        np.testing.assert_array_equal(found[name], value)
