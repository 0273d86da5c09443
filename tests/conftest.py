"""One TensorFlow for all tests: two logical CPUs, quiet, the same seed every time."""

import os
import pathlib
import signal

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl import flags
from PIL import Image

from tests import trainings
from tests.studio.browser import chromium_path, launched
from tf_btgmi.config import Config

# Tests that neither TensorFlow's nor NumPy's version matters to: marked `once`.
ONCE = (
    "cli",
    "clusters_test.py",
    "documentation_links_test.py",
    "documented_commands_test.py",
    "documented_shell_test.py",
    "floors_test.py",
    "interrupts_test.py",
    "packaging_test.py",
    "scripts_test.py",
    "study",
)

# Before anything makes a tensor: afterwards the devices are fixed.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0],
    [tf.config.LogicalDeviceConfiguration()] * 2,
)


# First: pytest's own hook chooses by the marks.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Sets the marks `browser` and `once`; slow tests get more time than others."""
    tests = pathlib.Path(__file__).parent
    for item in items:
        if item.path.relative_to(tests).parts[0] in ONCE:
            item.add_marker(pytest.mark.once)
        if "browser" in item.fixturenames:
            item.add_marker(pytest.mark.browser)
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.timeout(1200))


@pytest.fixture
def no_training_is_left():
    """Ends the trainings of a test that failed before it could."""
    yield
    trainings.end_all()


@pytest.fixture(autouse=True)
def same_start():
    """Every test starts with the same seeds and in float32, in whatever order."""
    keras.utils.set_random_seed(0)
    keras.mixed_precision.set_global_policy("float32")
    yield
    keras.mixed_precision.set_global_policy("float32")


@pytest.fixture(scope="session")
def vgg_weights_path(tmp_path_factory):
    """Made-up LPIPS weights for a VGG16 of few channels, in the real file's format."""
    rng = np.random.default_rng(1)
    weights, channels, number = {}, 3, 0
    for block, (count, width) in enumerate(zip((2, 2, 3, 3, 3), (4, 5, 6, 7, 8))):
        for _ in range(count):
            number += 1
            kernel = rng.normal(0, (2 / (9 * channels)) ** 0.5, (3, 3, channels, width))
            weights[f"conv{number}/kernel"] = kernel.astype(np.float16)
            weights[f"conv{number}/bias"] = rng.normal(0, 0.1, width).astype(np.float16)
            channels = width
        weights[f"lin{block + 1}"] = rng.uniform(0, 1, width).astype(np.float32)
    path = tmp_path_factory.mktemp("judge") / "vgg16.npz"
    np.savez(path, **weights)
    return str(path)


@pytest.fixture(scope="session")
def two_replicas():
    """The one strategy of two replicas: on TensorFlow 2.21 two of them in a process
    take the same keys for their collective operations."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


@pytest.fixture(scope="module")
def browser():
    """The system's Chromium, or the one that CHROMIUM names; without it, a skip."""
    pytest.importorskip("playwright", reason="Playwright is not installed")
    if not chromium_path():
        pytest.skip("there is no Chromium; install one, or set CHROMIUM=/its/path")
    with launched() as chromium:
        yield chromium


@pytest.fixture
def interruptible():
    """SIGINT interrupts the test and the programs that it starts.

    It does not otherwise when the tests run in the background of a script (`&`): the
    shell starts them with SIGINT ignored, and child processes inherit that.
    """
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


@pytest.fixture
def rng():
    """Random numbers, the same in every run."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """A folder of nine smooth pictures of 40 pixels."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for number in range(9):
        colors = rng.integers(0, 256, [5, 5, 3], np.uint8)
        image = Image.fromarray(colors).resize((40, 40), Image.BICUBIC)
        image.save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="session")
def make_config(pictures):
    """Makes configs of a head of 4 steps and one block of 3."""

    def make(**changes) -> Config:
        config = Config(name="tiny")
        config.data.source = f"folder:{pictures}"
        config.data.num_validation_images = 0
        config.data.image_size = 32
        config.data.global_batch_size = 4
        config.generator.base_filters = 4
        config.generator.max_filters = 8
        config.generator.num_downsamplings = 2
        config.generator.num_head_blocks = 1
        config.discriminator.base_filters = 4
        config.discriminator.num_scales = 2
        config.losses.ppl_patch_size = 31
        config.procedure.head_steps = 4
        config.procedure.num_refinement_blocks = 1
        config.procedure.refinement_steps = 3
        config.procedure.fade_in_steps = 2
        config.training.log_every_steps = 1
        for name, value in changes.items():
            section, field = name.split("__")
            setattr(getattr(config, section), field, value)
        return config

    return make


@pytest.fixture(scope="module", autouse=True)
def program_flags(request):
    """Defines the flags of the module's `PROGRAM_MODULE` while its tests run."""
    program = getattr(request.module, "PROGRAM_MODULE", None)
    before = set(flags.FLAGS)
    if program is not None:
        program.define_flags()
    yield
    for name in set(flags.FLAGS) - before:
        delattr(flags.FLAGS, name)


@pytest.fixture(scope="session")
def make_workdir():
    """Makes a run of a tiny model for 32 px, saved before its first step.

    Where `colour` is given, it is the bias of an output that is the same everywhere.
    """

    def make(folder, colour=None):
        config = Config()
        config.data.image_size = 32
        config.generator.base_filters = 4
        config.generator.num_head_blocks = 1

        def value_of(name, shape):
            if colour is None or shape[-1:] != (3,):
                return None
            return np.full(shape, colour if len(shape) == 1 else 0.0)

        trainings.write_run(config, str(folder), value_of)
        return str(folder)

    return make


@pytest.fixture(scope="session")
def lively_workdir(tmp_path_factory):
    """A run of a tiny model for 32 px whose every weight matters to what it predicts.

    It is at stage 1 of 2, its refinement block faded in by 0.4.
    """
    config = Config(name="lively")
    config.data.image_size = 32
    config.generator.base_filters = 8
    config.generator.max_filters = 16
    config.generator.num_downsamplings = 2
    config.generator.num_head_blocks = 1
    config.procedure.head_steps = 1
    config.procedure.num_refinement_blocks = 2
    folder = str(tmp_path_factory.mktemp("lively"))
    trainings.write_lively_run(config, folder)
    return folder


@pytest.fixture(scope="session")
def exported(lively_workdir, tmp_path_factory):
    """The version folder of that model as a SavedModel."""
    from export import saved_model

    folder = tmp_path_factory.mktemp("exported") / "btgmi"
    return saved_model.export(lively_workdir, str(folder))
