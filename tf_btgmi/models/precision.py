"""The precision that a network is built in, apart from the caller's global one."""

import contextlib

import keras


@contextlib.contextmanager
def under_policy(policy):
    """Builds layers under a policy; the caller's global policy is kept.

    Args:
        policy: name of a Keras dtype policy, or the policy itself.
    """
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(policy)
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(before)
