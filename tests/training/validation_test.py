"""Validation measures the same pictures alike on any number of replicas."""

import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.data import pipeline
from tf_btgmi.training import scores
from tf_btgmi.training.build import build_model
from tf_btgmi.training.reporting import Validation


@pytest.mark.parametrize("replicas", [1, 2])
def test_every_picture_counts_the_same(make_config, two_replicas, tmp_path, replicas):
    # Of the last batch, one picture, a second replica gets none.
    config = make_config(data__num_validation_images=3)
    strategy = two_replicas if replicas == 2 else tf.distribute.get_strategy()
    model = build_model(config, strategy)
    model.begin_stage(0)
    dataset = pipeline.validation_dataset(config, 2)
    validation = Validation(dataset, 2, 1, str(tmp_path), None)
    validation.set_model(model)
    found = validation.validate(step=1)
    singly = [
        scores.measure(example, model.predictions(example), model.lpips)[0]
        for example in pipeline.validation_dataset(config, 1)
    ]
    for name in model.score_names:
        wanted = np.mean([float(values[name][0]) for values in singly])
        np.testing.assert_allclose(found[name], wanted, rtol=1e-4)
