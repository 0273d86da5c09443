"""The user study's program: flags, error lines, the report and its files."""

import csv
import errno
import os
import re
import signal
import subprocess
import time
import urllib.request

import numpy as np
import pytest
from PIL import Image

from tests.programs import run_main, run_program, start_program
from tf_btgmi import user_study
from tf_btgmi.cli import web
from tf_btgmi.study import server
from tf_btgmi.study.pictures import StudyPictures
from tf_btgmi.study.votes import Votes

PROGRAM_MODULE = user_study


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Pictures of truth, a and b, in the working folder."""
    monkeypatch.chdir(tmp_path)
    for value, name in enumerate(("truth", "a", "b")):
        os.mkdir(name)
        for number in range(5):
            picture = np.full((16, 16, 3), 80 * value, np.uint8)
            Image.fromarray(picture).save(f"{name}/{number}.png")
    return tmp_path


def run(**values):
    return run_main(user_study, **{"output": "out", **values})


def vote(votes, attentive=True, prefer="a"):
    """A session of a voter who always takes `prefer`."""
    pictures = StudyPictures({"a": "a", "b": "b"}, "truth")
    votes.claim({"methods": pictures.methods})
    token = votes.begin(pictures, 2, 5, 2)
    for position, question in enumerate(votes.state(token).questions):
        best = prefer
        if question.is_check:
            best = "truth" if attentive else "ruined 1"
        votes.answer(token, position, question.shown.index(best), 1.0)


def rows(name):
    with open(f"out/{name}", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_report_tells_rates_ranking_and_every_answer(folder, capsys):
    votes = Votes("out/study.sqlite")
    for prefer in "aaab":
        vote(votes, prefer=prefer)
    assert run(report=True) == 0
    out = capsys.readouterr().out
    assert "20 answers of 4 voters; attention checks right: 8 of 8, 100.0 %" in out
    assert re.search(r"a +15 of 20, 75.0 % \[53.1, 88.8\]", out)
    assert "no difference  0 of 20" in out and re.search(r"1\. a +\+", out)
    assert "left out" not in out.lower()
    found = {row["preferred"]: row for row in rows("preferences.csv")}
    assert found["a"]["count"] == "15" and float(found["b"]["rate"]) == 0.25
    ranking = rows("ranking.csv")
    assert [row["method"] for row in ranking] == ["a", "b"]
    assert float(ranking[0]["low"]) > 0 > float(ranking[1]["high"])
    assert ranking[0]["n"] == "20" and ranking[0]["preferred"] == "15"
    answers = rows("answers.csv")
    assert len(answers) == 28 and {row["is_check"] for row in answers} == {"0", "1"}
    with open("out/report.txt", encoding="utf-8") as file:
        assert file.read() in out


def test_who_fails_the_checks_is_left_out_and_named(folder, capsys):
    votes = Votes("out/study.sqlite")
    vote(votes)
    vote(votes, attentive=False, prefer="b")
    run(report=True)
    out = capsys.readouterr().out
    assert "5 answers of 1 voter;" in out and "right: 2 of 4, 50.0 %" in out
    assert "Left out, too many checks wrong: 1 voter (number 2)." in out
    assert re.search(r"b +0 of 5", out)
    kept = {row["voter"]: row["voter_kept"] for row in rows("answers.csv")}
    assert kept == {"1": "1", "2": "0"}
    run(report=True, least_checks_right=0.0)
    assert "10 answers of 2 voters" in capsys.readouterr().out


def test_the_side_and_the_number_of_each_answer_are_told(folder, capsys):
    votes = Votes("out/study.sqlite")
    pictures = StudyPictures({"a": "a", "b": "b"}, "truth")
    votes.claim({"methods": pictures.methods})
    token = votes.begin(pictures, 2, 4, 0)
    for position, chosen in enumerate((0, 1, 0, 0)):
        votes.answer(token, position, chosen, 1.0)
    assert run(report=True) == 0
    assert "The first picture was preferred in 3 of 4," in capsys.readouterr().out
    assert [row["question"] for row in rows("answers.csv")] == ["1", "2", "3", "4"]


def test_the_flags_reach_the_page_and_the_settings(folder, monkeypatch):
    made = []
    make_app = lambda *arguments: made.append(arguments)  # noqa: E731
    monkeypatch.setattr(server, "make_app", make_app)
    monkeypatch.setattr(web, "serve", lambda app, listener, **_: listener.close())
    values = {"results": ["a=a", "b=b"], "truth": "truth", "port": 0, "questions": 7}
    assert run(**values, checks=3, allowed_host=["my.host"]) == 0
    ((pictures, votes, sizes, hosts),) = made
    assert sizes == (2, 7, 3) and hosts == ["my.host"]
    assert votes.settings() == {
        "methods": ["a", "b"],
        "num_shown": 2,
        "pictures": pictures.identity,
    }


def test_a_report_is_printed_where_its_files_cannot_be_written(
    folder, capsys, monkeypatch
):
    def write(path, text):
        raise OSError(errno.EROFS, "Read-only file system", path)

    Votes("out/study.sqlite").claim({"methods": ["a", "b"]})
    monkeypatch.setattr(user_study, "write", write)
    with pytest.raises(OSError, match="Read-only"):
        run(report=True)
    assert "No answers yet" in capsys.readouterr().out


def test_a_study_without_answers_has_a_report(folder, capsys):
    Votes("out/study.sqlite").claim({"methods": ["a", "b"]})
    run(report=True)
    assert "No answers yet" in capsys.readouterr().out
    assert len(rows("ranking.csv")) == 2 and rows("preferences.csv") == []


@pytest.mark.parametrize(
    "values, text",
    [
        ({"output": None}, "--output=FOLDER is missing"),
        (
            {"report": True, "results": [], "truth": None},
            "there is no study in out",
        ),
        ({"report": True}, "--report is of the study in --output"),
        ({"results": []}, "--results=NAME=FOLDER must be given at least twice"),
        ({"results": ["a=a"]}, "--results=NAME=FOLDER must be given at least twice"),
        ({"results": ["a", "b=b"]}, "--results=a must have the form NAME=FOLDER"),
        ({"results": ["a=a", "a=b"]}, "two methods are called a"),
        ({"truth": None}, "--truth=FOLDER is missing"),
        ({"truth": "none"}, "There is no folder none"),
        ({"results": ["a=a", "b=none"]}, "There is no folder none"),
        (
            {"num_shown": 3},
            "--num_shown=3 needs at least as many --results; there are 2",
        ),
    ],
)
def test_mistakes_are_named(folder, values, text):
    given = {"results": ["a=a", "b=b"], "truth": "truth", **values}
    with pytest.raises(ValueError, match=text):
        run(**given)
    assert not os.path.exists("out")


@pytest.mark.slow
def test_the_program_serves_until_ctrl_c_and_refuses_another_study(
    folder, interruptible
):
    command = ["tf_btgmi.user_study", "--results=a=a", "--truth=truth", "--output=out"]
    command.append("--port=0")
    with start_program(
        *command, "--results=b=b", folder=folder, stdout=subprocess.PIPE
    ) as process:
        lines = [process.stdout.readline() for _ in range(2)]
        address = re.search(r"http://127\.0\.0\.1:\d+/", lines[1]).group()
        for _ in range(50):
            try:
                with urllib.request.urlopen(address, timeout=10) as response:
                    page = response.read().decode()
                break
            except OSError:
                time.sleep(0.2)
        assert "Which picture looks more real?" in page
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and "0 answers so far" in out
    os.rename("b", "c")
    result = run_program(*command, "--results=c=c", folder=folder)
    assert result.returncode == 2
    assert "contains a study of other pictures or settings" in result.stderr
    assert "Traceback" not in result.stderr
