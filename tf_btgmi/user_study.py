r"""Asks people which pictures look more real, and reports what they said.

    python -m tf_btgmi.user_study --results=A=DIR --results=B=DIR --truth=DIR \
        --output=runs/study
    python -m tf_btgmi.user_study --output=runs/study --report

The first serves a page on this machine: pictures of the same name, side by side, in
random order and without names, until it is stopped; the same command goes on later.
Folders are those of an evaluation: images/ is the truth, composites/METHOD/ a method's
results. Answers are kept in OUTPUT/study.sqlite. The second prints preference rates and
a ranking, and writes report.txt, preferences.csv, ranking.csv and answers.csv there.
"""

import os

from absl import flags

from tf_btgmi.cli import program
from tf_btgmi.study import report
from tf_btgmi.study.pictures import StudyPictures
from tf_btgmi.study.votes import Votes

FLAGS = flags.FLAGS
_FILE = "study.sqlite"
# A class of voters at once.
_MAX_CONNECTIONS = 1000


def define_flags():
    """The flags of this program; `program.run` calls it."""
    flags.DEFINE_multi_string(
        "results", [], "NAME=FOLDER: pictures of a method; two or more of them."
    )
    flags.DEFINE_string("truth", None, "Folder of the untouched pictures.")
    flags.DEFINE_string("output", None, "Folder for the answers and the report.")
    flags.DEFINE_bool("report", False, "Report the answers there are; asks nobody.")
    flags.DEFINE_integer(
        "num_shown", 2, "Pictures side by side: 2 or 3.", lower_bound=2, upper_bound=3
    )
    flags.DEFINE_integer("questions", 40, "Of a voter, at most.", lower_bound=1)
    flags.DEFINE_integer(
        "checks", 4, "Attention checks of a voter, besides.", lower_bound=0
    )
    flags.DEFINE_float(
        "least_checks_right",
        0.75,
        "With --report: share of the checks that a voter must have right to count.",
        lower_bound=0.0,
        upper_bound=1.0,
    )
    flags.DEFINE_string(
        "host", "127.0.0.1", "Who may vote: 127.0.0.1 this machine, 0.0.0.0 all."
    )
    flags.DEFINE_multi_string(
        "allowed_host", [], "A name under which other machines may open the page."
    )
    flags.DEFINE_integer(
        "port", 8600, "Port of the page.", lower_bound=0, upper_bound=65535
    )


def main(argv):
    """Serves the page, or reports."""
    del argv
    if not FLAGS.output:
        raise program.UsageError("Give --output=FOLDER: where the answers are kept.")
    return _report() if FLAGS.report else _serve()


def _report() -> int:
    path = os.path.join(FLAGS.output, _FILE)
    if not os.path.isfile(path):
        raise program.UsageError(f"There is no study in {FLAGS.output}.")
    votes = Votes(path)
    settings, answers = votes.settings(), votes.answers()
    if settings is None:
        raise program.UsageError(f"{path} holds no study yet.")
    kept = report.keep(answers, FLAGS.least_checks_right)
    files = report.files(answers, kept, settings["methods"])
    for name, text in files.items():
        with open(os.path.join(FLAGS.output, name), "w", encoding="utf-8") as file:
            file.write(text)
    print(files["report.txt"], end="")
    print(f"\nWritten to {FLAGS.output}: {', '.join(files)}")
    return 0


def _serve() -> int:
    results = _results()
    if not FLAGS.truth:
        raise program.UsageError("Give --truth=FOLDER: the untouched pictures.")
    if FLAGS.num_shown > len(results):
        raise program.UsageError(
            f"--num_shown={FLAGS.num_shown} needs as many --results; there are "
            f"{len(results)}."
        )
    try:
        from tf_btgmi.cli import web
        from tf_btgmi.study import server
    except ImportError as error:
        raise program.UsageError(
            f"The page needs a package that is not installed: pip install {error.name}."
        ) from error
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
        f"{len(pictures.names)} pictures of {', '.join(pictures.methods)}; answers are "
        f"kept in {votes.path}."
    )
    warning = "lets every machine that reaches this one vote, without a password."
    web.announce("The study", FLAGS.host, listener, warning)
    web.serve(app, listener, max_connections=_MAX_CONNECTIONS)
    print(f"\n{len(votes.answers())} answers so far. --report sums them up.")
    return 0


def _results():
    results = {}
    for place in FLAGS.results:
        name, sign, folder = place.partition("=")
        if not (name and sign and folder):
            raise program.UsageError(f"--results={place}: give it as NAME=FOLDER.")
        if name in results:
            raise program.UsageError(f"Two methods are called {name}; rename one.")
        results[name] = folder
    if len(results) < 2:
        raise program.UsageError("Give --results=NAME=FOLDER twice or more.")
    return results


if __name__ == "__main__":
    program.run(main, define_flags)
