"""Packed pictures for PyTorch's twin."""

import cv2
import numpy as np
import pytest

from tf_btgmi import config as config_lib


def tiny(config, base_filters):
    """The config with few filters, at 32 px, with two steps per stage."""
    config.data.image_size = 32
    config.data.global_batch_size = 2
    config.data.num_validation_images = 1
    config.generator.base_filters = base_filters
    config.generator.max_filters = 2 * base_filters
    config.generator.num_downsamplings = 2
    config.generator.num_head_blocks = 1
    config.discriminator.base_filters = 4
    config.losses.ppl_patch_size = 32
    config.losses.adversarial = "hinge"
    config.procedure.head_steps = 2
    config.procedure.refinement_steps = 2
    config.procedure.fade_in_steps = 1
    config.procedure.num_refinement_blocks = 1
    return config


@pytest.fixture
def pack(tmp_path, rng):
    """A pack of six pictures, and its config."""
    from benchmarks import pack_pictures

    pictures, masks = tmp_path / "pictures", tmp_path / "masks"
    for folder in (pictures, masks):
        folder.mkdir()
    for i in range(7):
        small = rng.uniform(0, 255, [6, 8, 3]).astype(np.uint8)
        picture = cv2.resize(small, (96 + 8 * i, 72))
        cv2.imwrite(str(pictures / f"{i}.png"), picture)
    blob = cv2.circle(np.zeros([60, 80], np.uint8), (30, 25), 12, 255, -1)
    cv2.imwrite(str(masks / "blob.png"), blob)
    config = tiny(config_lib.Config(name="packed"), base_filters=4)
    config.data.source = f"folder:{pictures}"
    config.masks.objects = 1.0
    config.masks.objects_folder = str(masks)
    folder = str(tmp_path / "pack")
    pack_pictures.pack(config, folder, side=48, quality=90, part_mib=1)
    return folder, config


@pytest.fixture
def small_config():
    """Both outputs, tiny."""
    config = tiny(config_lib.Config(name="both", task="guided"), base_filters=8)
    config.generator.change_share = 0.8
    config.generator.mismatch_share = 0.1
    config.losses.pixel_weight = 4.0
    config.losses.pixel_region = "hole"
    config.losses.discriminator_patches = "hole"
    return config


@pytest.fixture
def guided_pack(tmp_path, rng, small_config):
    """A pack of five objects, two of them among seven photographs, and its config."""
    from benchmarks import pack_pictures

    objects, photographs = tmp_path / "objects", tmp_path / "photographs"
    for folder in (objects / "images", objects / "masks", photographs):
        folder.mkdir(parents=True)
    for i in range(12):
        small = rng.uniform(0, 255, [4, 5, 3]).astype(np.uint8)
        picture = cv2.resize(small, (88 + 8 * i, 72), interpolation=cv2.INTER_NEAREST)
        if i < 5:
            cv2.imwrite(str(objects / "images" / f"{i}.png"), picture)
            mask = np.zeros([72, 88 + 8 * i], np.uint8)
            mask[20:60, 20 : 50 + 5 * i] = 255
            cv2.imwrite(str(objects / "masks" / f"{i}.png"), mask)
        if i > 2:
            cv2.imwrite(str(photographs / f"{i}.png"), picture)
    config = small_config
    config.data.source = f"folder:{objects}"
    config.data.num_validation_images = 0
    config.guided.regions = 0.5
    config.guided.regions_folder = str(photographs)
    folder = str(tmp_path / "pack")
    pack_pictures.pack(config, folder, side=48, quality=90, part_mib=1)
    return folder, config
