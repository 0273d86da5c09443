r"""Asks people which pictures look more real, and reports their answers.

    python -m tf_btgmi.user_study --results=A=DIR --results=B=DIR --truth=DIR \
        --output=runs/study
    python -m tf_btgmi.user_study --output=runs/study --report

The first command serves a web page until Ctrl-C: pictures of the same name side by
side, in random order and without the methods' names. The same command continues the
study. An evaluation has such folders: images/ (the truth) and composites/METHOD/.
Answers are stored in OUTPUT/study.sqlite.

The second command prints preference rates and a ranking, and writes report.txt,
preferences.csv, ranking.csv and answers.csv.
"""

import os

from absl import flags

from tf_btgmi.cli import common_flags, program
from tf_btgmi.files import write
from tf_btgmi.study import report
from tf_btgmi.study.pictures import StudyPictures
from tf_btgmi.study.votes import Votes
from tf_btgmi.wording import number_of

FLAGS = flags.FLAGS
_FILE = "study.sqlite"
# A class of voters at once.
_MAX_CONNECTIONS = 1000


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    flags.DEFINE_multi_string(
        "results",
        [],
        "Results of a method, as NAME=FOLDER; repeat the flag for each method.",
    )
    flags.DEFINE_string("truth", None, "Folder of the original pictures.")
    flags.DEFINE_string("output", None, "Folder of the answers and the report.")
    flags.DEFINE_bool(
        "report", False, "Report the answers instead of serving the page."
    )
    flags.DEFINE_integer(
        "num_shown",
        2,
        "Number of pictures side by side, 2 or 3.",
        lower_bound=2,
        upper_bound=3,
    )
    flags.DEFINE_integer(
        "questions", 40, "Maximum number of questions per voter.", lower_bound=1
    )
    flags.DEFINE_integer(
        "checks", 4, "Number of additional attention checks per voter.", lower_bound=0
    )
    flags.DEFINE_float(
        "least_checks_right",
        0.75,
        "With --report: share of the attention checks that a voter must pass to be "
        "counted.",
        lower_bound=0.0,
        upper_bound=1.0,
    )
    common_flags.define_address(port=8600)


def main(argv):
    """Serves the page, or writes the report."""
    del argv
    common_flags.require(("output", "FOLDER", "the folder of the answers"))
    if FLAGS.report and (FLAGS.results or FLAGS.truth):
        raise program.UsageError(
            "--report is of the study in --output: it takes neither --results nor "
            "--truth."
        )
    return _report() if FLAGS.report else _serve()


def _report() -> int:
    path = os.path.join(FLAGS.output, _FILE)
    if not os.path.isfile(path):
        raise program.UsageError(f"--output: there is no study in {FLAGS.output}.")
    votes = Votes(path, read_only=True)
    settings, answers = votes.settings(), votes.answers()
    if settings is None:
        raise program.UsageError(f"{path} has no study yet.")
    counted = report.count(answers, FLAGS.least_checks_right)
    files = report.files(answers, counted, settings["methods"])
    # First, for a folder in which nothing can be written.
    print(files["report.txt"], end="", flush=True)
    for name, text in files.items():
        write(os.path.join(FLAGS.output, name), text)
    print(f"\nWritten to {FLAGS.output}: {', '.join(files)}")
    return 0


def _serve() -> int:
    results = _results()
    common_flags.require(("truth", "FOLDER", "the original pictures"))
    if FLAGS.num_shown > len(results):
        raise program.UsageError(
            f"--num_shown={FLAGS.num_shown} needs at least as many --results; there "
            f"are {len(results)}."
        )
    # Imported late: the report needs no server.
    from tf_btgmi.cli import web
    from tf_btgmi.study import server

    pictures = StudyPictures(results, FLAGS.truth)
    votes = Votes(os.path.join(FLAGS.output, _FILE))
    votes.claim(
        {
            "methods": pictures.methods,
            "num_shown": FLAGS.num_shown,
            "pictures": pictures.identity,
        }
    )
    sizes = server.Sizes(FLAGS.num_shown, FLAGS.questions, FLAGS.checks)
    app = server.make_app(pictures, votes, sizes, FLAGS.allowed_host)
    listener = web.listen(FLAGS.host, FLAGS.port)
    print(
        f"{number_of(len(pictures.names), 'picture')} of "
        f"{', '.join(pictures.methods)}; answers are stored in {votes.path}."
    )
    warning = "lets every machine that reaches this one vote, without a password."
    web.announce("The study", FLAGS.host, listener, warning)
    web.serve(app, listener, max_connections=_MAX_CONNECTIONS)
    answers = number_of(len(votes.answers()), "answer")
    print(f"\n{answers} so far. --report summarizes them.")
    return 0


def _results():
    results = {}
    for place in FLAGS.results:
        name, folder = common_flags.results_folder(place)
        if name in results:
            raise program.UsageError(f"--results: two methods are called {name}.")
        results[name] = folder
    if len(results) < 2:
        raise program.UsageError("--results=NAME=FOLDER must be given at least twice.")
    return results


if __name__ == "__main__":
    program.run(main, define_flags)
