"""A model that was loaded before a fork: an error in the child instead of a hang."""

import multiprocessing
import os

import numpy as np
import pytest

import tf_btgmi

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def errors_in_child(calls):
    """The message of the RuntimeError that each call raises in a forked child."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    child = os.fork()
    if not child:
        try:
            for call in calls:
                try:
                    call()
                    sender.send("no error")
                except RuntimeError as error:
                    sender.send(str(error))
        finally:
            os._exit(0)
    try:
        return [receiver.recv() if receiver.poll(30) else "hangs" for _ in calls]
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def test_a_forked_child_says_that_models_must_be_loaded_in_spawned_processes():
    model = tf_btgmi.load()
    image = np.full((40, 40, 3), 90, np.uint8)
    mask = np.zeros((40, 40), bool)
    mask[10:30, 10:30] = True
    model.inpaint(image, mask)
    for message in errors_in_child([lambda: model.inpaint(image, mask), tf_btgmi.load]):
        assert "spawn" in message
    # The parent goes on.
    model.inpaint(image, mask)
