"""What keeps a run safe, apart from a run."""

import os
import signal
import time
import types

import pytest
import tensorflow as tf

from tf_btgmi.training.guards import SaveInTime, exit_code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_handled_unless_the_process_ignores_it(number):
    previous = signal.getsignal(number)
    try:
        for handler, is_handled in (
            (signal.SIG_DFL, True),
            (signal.SIG_IGN, False),
        ):
            signal.signal(number, handler)
            with SaveInTime(None, 10, 10.0, tf.distribute.get_strategy()) as guard:
                assert (signal.getsignal(number) == guard._note) is is_handled
            assert signal.getsignal(number) == handler
    finally:
        signal.signal(number, previous)


def test_a_signal_is_acknowledged_and_its_repetition_stops_at_once(monkeypatch, capfd):
    now, ended = [1_000.0], []
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(os, "_exit", ended.append)
    guard = SaveInTime(None, 10, 10.0, tf.distribute.get_strategy())
    # Ctrl-C that arrives twice at once is one.
    for seconds in (0.0, 0.1, 0.5):
        now[0] += seconds
        guard._note(signal.SIGINT, None)
    line = "Stopping after this step and saving. Again: stop at once, without saving.\n"
    assert capfd.readouterr().err == line
    assert guard.signal_number == signal.SIGINT and not ended
    now[0] += 0.5
    guard._note(signal.SIGTERM, None)
    assert ended == [128 + signal.SIGTERM]
    assert capfd.readouterr().err == "Stopped without saving.\n"


def test_ctrl_c_alone_has_an_exit_code():
    signals = (None, signal.SIGTERM, signal.SIGINT)
    assert [exit_code(number) for number in signals] == [0, 0, 130]


def test_a_checkpoint_is_due_by_steps_or_by_minutes_since_the_last(monkeypatch):
    now, step, saved = [1_000.0], [0], []
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    checkpoints = types.SimpleNamespace(save=lambda: saved.append(step[0]))
    guard = SaveInTime(checkpoints, 10, 2.0, tf.distribute.get_strategy())
    guard.set_model(
        types.SimpleNamespace(step=types.SimpleNamespace(numpy=lambda: step[0]))
    )

    def take_step(seconds):
        step[0] += 1
        now[0] += seconds
        guard.on_train_batch_end(0)

    for seconds in 12 * [1.0] + [117.0]:
        take_step(seconds)
    # 119 seconds since step 10.
    assert saved == [10]
    take_step(1.0)
    assert saved == [10, 14]
    take_step(1.0)
    assert saved == [10, 14]
    for _ in range(2):
        # Not the same step twice.
        guard.save()
    assert saved == [10, 14, 15]
