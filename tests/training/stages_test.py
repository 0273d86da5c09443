"""The stages of a run: what the model is asked for, and the examples of each."""

import types

import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.config import ProcedureConfig
from tf_btgmi.data import pipeline
from tf_btgmi.training import trainer
from tf_btgmi.training.build import scheduled_callbacks


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
    monkeypatch.setattr(trainer, "_distributed", lambda *asked: asked[3:])
    monkeypatch.setattr(trainer, "_fit", lambda model, data, *_: model.append(data))
    calls = Calls()
    trainer._train_stages(config, None, calls, None, [], start)
    assert calls == expected


def test_the_examples_of_a_stage_are_those_of_its_steps_and_size(make_config):
    config = make_config()
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    (found,) = trainer._distributed(config, None, strategy, 3, 1, 16)
    wanted = list(pipeline.training_dataset(config, num_steps=4, image_size=16))[3]
    assert found["image"].shape == (4, 16, 16, 3)
    for name, value in wanted.items():
        np.testing.assert_array_equal(found[name], value)


def test_the_first_value_is_assigned_whatever_it_is():
    # A run resumed at the start of a stage has 1 from the stage before.
    generators = [
        types.SimpleNamespace(fade_in_alpha=tf.Variable(1.0)) for _ in range(2)
    ]
    # The first step of stage 1.
    procedure = ProcedureConfig(head_steps=4, num_refinement_blocks=1)
    callback = scheduled_callbacks(procedure)[-1]
    callback.set_model(
        types.SimpleNamespace(
            step=tf.constant(4), generator=generators[0], ema_generator=generators[1]
        )
    )
    callback.on_train_batch_begin(0)
    assert [float(g.fade_in_alpha.numpy()) for g in generators] == [0.0, 0.0]


def test_validation_takes_its_fields(make_config, tmp_path):
    config = make_config(
        data__num_validation_images=3,
        data__global_batch_size=2,
        training__validate_every_steps=6,
        procedure__generator_only_steps=4,
    )
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    found = trainer._validation(config, None, strategy, 7, str(tmp_path), None)
    assert (found._every_steps, found._total_steps) == (6, 7)
    assert found._discriminators_from == 4
    sizes = [len(batch["image"]) for batch in found._dataset]
    assert sizes == [2, 1]
    config = make_config()
    assert trainer._validation(config, None, strategy, 7, str(tmp_path), None) is None
