"""A small program and its config file."""

PROGRAM = r"""
import os
import signal
import sys
from absl import flags
from tf_btgmi import config as config_lib
from tf_btgmi.cli import config_flag, program

FLAGS = flags.FLAGS


def define_flags():
    config_flag.define()
    flags.DEFINE_string("fail", "", "What to raise.")
    flags.DEFINE_integer("number", 0, "A number.", lower_bound=0)


def main(argv):
    errors = {
        "usage": program.UsageError("wanted this, not that"),
        "value": ValueError("wanted 3"),
        "file": FileNotFoundError("There is no file x."),
        "failure": program.ProgramFailure("could not be done"),
        "disk": OSError("no space left"),
        "no folder": FileExistsError(17, "File exists", "runs"),
        "memory": MemoryError(),
        "finite": FloatingPointError("became nan"),
        "interrupt": KeyboardInterrupt(),
        "bug": ZeroDivisionError("a bug"),
    }
    if FLAGS.fail in errors:
        raise errors[FLAGS.fail]
    if FLAGS.fail == "code":
        return 7
    if FLAGS.fail == "terminate":
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            print("removed")
    if FLAGS.fail == "long":
        for number in range(100_000):
            print(number)
    if FLAGS.fail == "arrow":
        print("\u2193 lower is better")
    if FLAGS.fail == "streams":
        return sum(not os.get_inheritable(number) for number in range(3))
    if FLAGS.config is not None:
        config_lib.validate(FLAGS.config)
        print(FLAGS.config.name, FLAGS.config.data.global_batch_size)


if __name__ == "__main__":
    program.run(main, define_flags)
"""
CONFIG = """
from tf_btgmi.config import Config


def get_config():
    return Config(name="tried")
"""
