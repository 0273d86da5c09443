"""A network that records its inputs, pictures, and masks of every kind."""

import numpy as np

S = 32
RED = np.array([1.0, -1.0, -1.0], np.float32)


class Recorder:
    """Predicts red everywhere and keeps its inputs."""

    def __init__(self):
        self.inputs = []

    def __call__(self, inputs):
        self.inputs.append(inputs.copy())
        return np.broadcast_to(RED, inputs.shape[:3] + (3,)).copy()

    @property
    def num_windows(self):
        return sum(len(inputs) for inputs in self.inputs)


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(
        0, 256, (height, width, 3), dtype=np.uint8
    )


def empty(height, width):
    return np.zeros((height, width), np.uint8)


def masks():
    """Name, mask: every kind of hole that the policy tells apart."""
    small = empty(90, 120)
    small[40:50, 50:60] = 255
    scratch = empty(200, 300)
    for column in range(300):
        scratch[20 + column // 2 : 24 + column // 2, column] = 255
    fat = empty(200, 300)
    fat[50:150, 90:200] = 255
    ring = empty(150, 150)
    ring[:] = 255
    ring[20:130, 20:130] = 0
    specks = empty(200, 200)
    specks[np.random.default_rng(1).random((200, 200)) < 0.01] = 255
    beside = scratch.copy()
    beside[110:200, 20:100] = 255
    beside[180:, 280:] = 255
    meeting = scratch | fat
    tiny = empty(5, 7)
    tiny[2, 3] = 255
    line = empty(1, 40)
    line[0, 10:20] = 255
    almost = np.full((100, 60), 255, np.uint8)
    almost[0, 0] = 0
    return {
        "small": small,
        "scratch": scratch,
        "fat": fat,
        "ring": ring,
        "specks": specks,
        "beside": beside,
        "meeting": meeting,
        "tiny": tiny,
        "line": line,
        "almost_all": almost,
    }
