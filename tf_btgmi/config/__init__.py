"""The config of an experiment: a tree of fields, its validation and its files.

A file of `configs/` sets the fields in which its experiment differs from the defaults.
`--config=FILE.py` calls its `get_config()`; `--config=FILE.json` reads the config.json
of a run.
"""

from tf_btgmi.config.checks import validate, validate_training
from tf_btgmi.config.fields import (
    choices_of,
    differences,
    field_names,
    unknown_field,
)
from tf_btgmi.config.files import FILE, beside, from_dict, load, save
from tf_btgmi.config.schema import (
    GUIDED_KINDS,
    MASK_KINDS,
    MAX_IMAGE_SIZE,
    MIN_IMAGE_SIZE,
    OUTPUTS_OF_TASKS,
    Config,
    DataConfig,
    DiscriminatorConfig,
    GeneratorConfig,
    GuidedConfig,
    LossConfig,
    MaskConfig,
    ProcedureConfig,
    TrainingConfig,
)
