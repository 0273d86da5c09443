"""What keeps a run safe, apart from a run."""

import signal

import pytest
import tensorflow as tf

from tf_btgmi.training.guards import SaveInTime


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
