"""Votes: kept at once, in turn, none lost or mixed among voters at the same time."""

import collections
import errno
import multiprocessing
import multiprocessing.dummy
import os
import shutil
import sqlite3
import types

import pytest

from tf_btgmi.study.pictures import StudyPictures
from tf_btgmi.study.votes import OutOfTurnError, StorageError, UnknownVoterError, Votes


@pytest.fixture
def votes(tmp_path):
    return Votes(str(tmp_path / "out" / "study.sqlite"))


def test_an_answer_is_kept_with_what_was_asked(votes, pictures):
    token = votes.begin(pictures, 2, 3, 1)
    questions = votes.state(token).questions
    assert len(questions) == 4
    assert votes.answer(token, 0, 1, 2.5).num_answered == 1
    votes.answer(token, 1, None, 0.5)
    # Opened again, as a restarted program does.
    again = Votes(votes.path)
    assert again.state(token) == (2, questions)
    first, second = again.answers()
    assert first.question == questions[0]
    assert first.winner == questions[0].shown[1] and first.seconds == 2.5
    assert second.chosen is None and second.winner is None


def test_a_study_goes_on_with_its_methods_in_any_order(votes):
    votes.claim({"methods": ["b", "a"], "num_shown": 2})
    votes.claim({"methods": ["a", "b"], "num_shown": 2})
    with pytest.raises(ValueError, match=r"\(methods\)"):
        votes.claim({"methods": ["a", "c"], "num_shown": 2})


def test_only_the_next_question_is_answered_and_once(votes, pictures):
    token = votes.begin(pictures, 2, 2, 0)
    for position in (1, 5, -1):
        with pytest.raises(OutOfTurnError):
            votes.answer(token, position, 0, 1.0)
    votes.answer(token, 0, 0, 1.0)
    with pytest.raises(OutOfTurnError):
        votes.answer(token, 0, 1, 1.0)
    votes.answer(token, 1, 0, 1.0)
    with pytest.raises(OutOfTurnError):
        votes.answer(token, 2, 0, 1.0)
    assert [answer.chosen for answer in votes.answers()] == [0, 0]


def test_wrong_choices_and_tokens_are_refused(votes, pictures):
    token = votes.begin(pictures, 2, 2, 0)
    for chosen in (2, -1):
        with pytest.raises(ValueError, match="must be below 2"):
            votes.answer(token, 0, chosen, 1.0)
    for action in (votes.state, lambda t: votes.answer(t, 0, 0, 1.0)):
        with pytest.raises(UnknownVoterError):
            action("nobody")
    assert not votes.answers()


def test_another_study_is_refused(votes, tmp_path):
    assert votes.settings() is None
    votes.claim({"methods": ["a", "b"], "num_shown": 2})
    votes.claim({"methods": ["a", "b"], "num_shown": 2})
    with pytest.raises(ValueError, match=r"settings \(methods\); choose another"):
        votes.claim({"methods": ["a", "c"], "num_shown": 2})
    assert votes.settings() == {"methods": ["a", "b"], "num_shown": 2}
    (tmp_path / "other").write_bytes(b"not a database " * 100)
    with pytest.raises(ValueError, match="is not the file of a study"):
        Votes(str(tmp_path / "other"))


def test_a_full_disk_is_no_other_file(votes, pictures, tmp_path, full_disk):
    token = votes.begin(pictures, 2, 3, 1)
    full_disk()
    with pytest.raises(StorageError, match=r"disk is full: '.*new.sqlite'"):
        Votes(str(tmp_path / "new.sqlite"))
    with pytest.raises(StorageError) as error:
        for _ in range(200):
            votes.begin(pictures, 2, 12, 3)
    assert error.value.errno == errno.ENOSPC and error.value.filename == votes.path
    assert votes.state(token).num_answered == 0


def test_an_io_error_of_a_full_disk_is_named_so(votes, monkeypatch):
    def connect(*arguments, **options):
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(sqlite3, "connect", connect)
    for free, number, text in (
        (0, errno.ENOSPC, "the disk is full"),
        (1 << 30, errno.EIO, "disk I/O error"),
    ):
        usage = types.SimpleNamespace(free=free)
        monkeypatch.setattr(shutil, "disk_usage", lambda folder, usage=usage: usage)
        with pytest.raises(StorageError, match=text) as error:
            votes.settings()
        assert error.value.errno == number


@pytest.mark.parametrize("name", ["study", "a b?c#d%20", "\udcff"])
def test_a_study_is_read_where_nothing_can_be_written(
    tmp_path, pictures, monkeypatch, name
):
    path = str(tmp_path / "study" / f"{name}.sqlite")
    votes = Votes(path)
    votes.claim({"a": 1})
    votes.answer(votes.begin(pictures, 2, 3, 1), 0, 1, 2.5)
    monkeypatch.setattr(os, "access", lambda *_: False)
    reader = Votes(path, read_only=True)
    assert reader.settings() == {"a": 1} and len(reader.answers()) == 1
    with pytest.raises(StorageError, match="readonly"):
        reader.begin(pictures, 2, 3, 1)
    assert os.listdir(tmp_path / "study") == [f"{name}.sqlite"]
    other = tmp_path / "other"
    other.write_text("no study, but some text")
    with pytest.raises(ValueError, match="other is not the file of a study"):
        Votes(str(other), read_only=True)


def test_a_file_that_cannot_be_opened_is_no_other_file(tmp_path):
    os.mkdir(tmp_path / "study.sqlite")
    with pytest.raises(StorageError, match="unable to open"):
        Votes(str(tmp_path / "study.sqlite"))


def vote(path, results, truth, number):
    """A voter who always takes `number % 3`: first, second, no difference."""
    votes = Votes(path)
    token = votes.begin(StudyPictures(results, truth), 2, 12, 3)
    chosen = (0, 1, None)[number % 3]
    for position in range(15):
        votes.answer(token, position, chosen, float(number))


def check_all_votes(votes, num_voters):
    answers = votes.answers()
    assert len(answers) == 15 * num_voters
    for voter in range(1, num_voters + 1):
        mine = [answer for answer in answers if answer.voter == voter]
        assert [answer.position for answer in mine] == list(range(15))
        # All of one voter's, none of anybody else's.
        (number,) = {answer.seconds for answer in mine}
        assert {answer.chosen for answer in mine} == {(0, 1, None)[int(number) % 3]}
        assert sum(answer.question.is_check for answer in mine) == 3
    sets = collections.Counter(
        tuple(sorted(a.question.shown)) for a in answers if not a.question.is_check
    )
    assert set(sets.values()) == {4 * num_voters}


@pytest.mark.parametrize(
    "context, count",
    [
        pytest.param(multiprocessing.dummy, 8, id="threads"),
        pytest.param(
            multiprocessing.get_context("fork"),
            3,
            id="processes",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_voters_at_once_lose_and_mix_nothing(votes, folders, context, count):
    results = {name: folders[name] for name in "abc"}
    given = (votes.path, results, folders["truth"])
    voters = [context.Process(target=vote, args=(*given, n)) for n in range(count)]
    for voter in voters:
        voter.start()
    for voter in voters:
        voter.join()
        assert voter.exitcode == 0
    check_all_votes(votes, count)
