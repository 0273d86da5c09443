"""The program that trains the selector: its flags."""

import pytest
from absl import logging

from tests.programs import run_main
from tf_btgmi import train_selector
from tf_btgmi.cli.program import UsageError
from tf_btgmi.training import selector_run

PROGRAM_MODULE = train_selector


def run(*sources):
    return run_main(train_selector, workdir="run", sources=list(sources))


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf"])
def test_a_weight_that_is_none_is_refused(weight):
    with pytest.raises(UsageError, match=f"weight of b must be above 0, not {weight}"):
        run("a=2", f"b={weight}")
    with pytest.raises(UsageError, match="weight of b must be a number, not 'x'"):
        run("b=x")


def test_sources_arrive_with_their_weights(monkeypatch, caplog):
    def train(workdir, sources, **settings):
        logging.info("Sharding callback duration: 12")
        logging.info("Step 1")
        assert sources == [("a", 2.5), ("b", 1.0)]
        return selector_run.SelectorResult(settings["steps"], 0.5, None)

    monkeypatch.setattr(selector_run, "train", train)
    with caplog.at_level("INFO", logger="absl"):
        assert run("a=2.5", "b") == 0
    # TensorFlow's messages of no use are left out.
    assert [record.message for record in caplog.records] == ["Step 1"]
