"""What an experiment is: a tree of fields, its checks and its JSON form.

A file in `configs/` changes the fields that its experiment changes and nothing else.
`--config=FILE.py` calls that file's `get_config()`; `--config=FILE.json` reads what an
earlier run wrote, through `get_config` of `files.py`.
"""

from tf_btgmi.config.checks import validate
from tf_btgmi.config.fields import differences, field_names, unknown_field
from tf_btgmi.config.files import from_dict, load, save
from tf_btgmi.config.schema import (
    MASK_KINDS,
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

__all__ = [
    "MASK_KINDS",
    "OUTPUTS_OF_TASKS",
    "Config",
    "DataConfig",
    "DiscriminatorConfig",
    "GeneratorConfig",
    "GuidedConfig",
    "LossConfig",
    "MaskConfig",
    "ProcedureConfig",
    "TrainingConfig",
    "differences",
    "field_names",
    "from_dict",
    "load",
    "save",
    "unknown_field",
    "validate",
]
