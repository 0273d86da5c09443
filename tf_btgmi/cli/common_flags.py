"""Flags that several programs define."""

from absl import flags

from tf_btgmi.cli import program

FLAGS = flags.FLAGS


def define_model(exported: bool = True) -> None:
    """Defines `--model` and its older name `--workdir`.

    Args:
        exported: whether exported models and servers are accepted as well, as by
            `loading.load`; otherwise only what `loading.load_generator` takes.
    """
    kinds = (
        "the folder of a training run, a release or an exported model, a .tflite file, "
        "or the address of a server"
        if exported
        else "or the folder of a training run or a release"
    )
    flags.DEFINE_string(
        "model",
        None,
        f"Model: the name of a bundled model, {kinds}. Default: the first bundled "
        "model with the required output.",
    )
    flags.DEFINE_alias("workdir", "model")


def define_retouched() -> None:
    """Defines `--[no]retouched`, see `Predictor`."""
    flags.DEFINE_bool(
        "retouched",
        True,
        "Retouch fills near the hole's edge with patches of the surrounding picture. "
        "--noretouched returns the network's own output.",
    )


def define_address(port: int) -> None:
    """Defines `--host`, `--allowed_host` and `--port` of a page.

    Args:
        port: the default.
    """
    flags.DEFINE_string(
        "host", "127.0.0.1", "Address to listen on; 0.0.0.0 lets other machines in."
    )
    flags.DEFINE_multi_string(
        "allowed_host", [], "Host name under which other machines may open the page."
    )
    flags.DEFINE_integer("port", port, "Port of the page.", 0, 65535)


def results_folder(text: str) -> tuple[str, str]:
    """Parses `NAME=FOLDER`, a value of --results.

    Raises:
        UsageError: the text has another form.
    """
    name, _, folder = text.partition("=")
    if not name or not folder:
        raise program.UsageError(f"--results={text} must have the form NAME=FOLDER.")
    return name, folder


def require(*required: tuple[str, str, str]) -> None:
    """Checks that flags have values.

    Args:
        *required: for each flag its name, the placeholder of its value, and its
            meaning.

    Raises:
        UsageError: a flag has no value.
    """
    for name, placeholder, meaning in required:
        if FLAGS[name].value in (None, "", []):
            raise program.UsageError(f"--{name}={placeholder} is missing: {meaning}.")
