"""Configs of networks, for `from_config`."""

import inspect


class ConfigFromArguments:
    """Mixin: the config holds the constructor's arguments.

    The constructor keeps each argument in an attribute of the same name.
    """

    def get_config(self) -> dict:
        """Returns the arguments of the constructor as JSON types."""
        # From Keras come the name and, on Keras 3, the precision policy.
        config = super().get_config()
        for name, parameter in inspect.signature(type(self)).parameters.items():
            if parameter.kind is not inspect.Parameter.VAR_KEYWORD:
                config[name] = _plain(getattr(self, name, None))
        return config


def _plain(value):
    return list(value) if isinstance(value, (list, tuple)) else value
