"""Voters, their questions and answers, in one SQLite file.

Every change is one exclusive transaction, safe for any number of voters, threads and
processes. Questions are stored as drawn, so that the drawing may change later.
"""

import contextlib
import errno
import json
import os
import secrets
import shutil
import sqlite3
import urllib.parse
from typing import Any, Iterator, NamedTuple, Optional

import numpy as np

from tf_btgmi.study.pictures import StudyPictures
from tf_btgmi.study.plan import Question, plan

# Seconds that a transaction waits for others.
_PATIENCE = 30.0
# Free bytes of a disk that is full for SQLite.
_FULL = 1 << 16
_TABLES = """
CREATE TABLE IF NOT EXISTS study (settings TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS voters (
  id INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE,
  begun TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE IF NOT EXISTS questions (
  voter INTEGER NOT NULL REFERENCES voters, position INTEGER NOT NULL,
  picture TEXT NOT NULL, shown TEXT NOT NULL, is_check INTEGER NOT NULL,
  PRIMARY KEY (voter, position));
CREATE TABLE IF NOT EXISTS answers (
  voter INTEGER NOT NULL, position INTEGER NOT NULL, chosen INTEGER,
  seconds REAL NOT NULL, answered TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (voter, position),
  FOREIGN KEY (voter, position) REFERENCES questions);
"""


class UnknownVoterError(LookupError):
    """No voter has that token."""


class OutOfTurnError(ValueError):
    """An answer to a question that is not the next one."""


class StorageError(OSError):
    """The file cannot be read or written, for instance because the disk is full."""


class Answer(NamedTuple):
    """An answer of a voter.

    Attributes:
        voter: number of the voter.
        position: position of the question, from 0.
        question: the question.
        chosen: position in `question.shown`; None for no difference.
        seconds: time of the answer.
        answered: date and time in UTC.
    """

    voter: int
    position: int
    question: Question
    chosen: Optional[int]
    seconds: float
    answered: str

    @property
    def winner(self) -> Optional[str]:
        """The chosen method; None for no difference."""
        return None if self.chosen is None else self.question.shown[self.chosen]


class State(NamedTuple):
    """State of a session; `num_answered` is the position of the next question."""

    num_answered: int
    questions: list[Question]


class Votes:
    """The file of a study.

    Args:
        path: created with its folder if necessary.
        read_only: whether the file exists and is only read, so that its folder need
            not be writable.

    Raises:
        ValueError: it is another file.
        StorageError: here and in every method, the file cannot be read or written.
    """

    def __init__(self, path: str, read_only: bool = False):
        self.path = path
        self._folder = os.path.dirname(os.path.abspath(path))
        self._address = _address(path)
        read_only = read_only and not os.access(self._folder, os.W_OK)
        if read_only:
            # Readers, too, write files beside it, unless it is said not to change.
            changes = os.path.exists(f"{path}-wal")
            self._address += "?mode=ro" if changes else "?immutable=1"
        else:
            os.makedirs(self._folder, exist_ok=True)
        try:
            with self._open() as database:
                if read_only:
                    self._settings(database)
                    return
                # Readers and writers do not wait for each other.
                database.execute("PRAGMA journal_mode = WAL")
                database.executescript(_TABLES)
        except sqlite3.DatabaseError as error:
            raise ValueError(f"{path} is not the file of a study: {error}.") from error

    def claim(self, settings: dict[str, Any]) -> None:
        """Stores the settings of a new study, or checks those of an existing one.

        Raises:
            ValueError: the study has other settings.
        """
        settings = json.loads(json.dumps(settings))
        with self._changing() as database:
            known = self._settings(database)
            for either in (known or {}, settings):
                # In any order.
                if "methods" in either:
                    either["methods"] = sorted(either["methods"])
            if known is None:
                text = json.dumps(settings)
                database.execute("INSERT INTO study VALUES (?)", [text])
            elif known != settings:
                changed = sorted(
                    key
                    for key in {**known, **settings}
                    if known.get(key) != settings.get(key)
                )
                raise ValueError(
                    f"{self.path} contains a study of other pictures or settings "
                    f"({', '.join(changed)}); choose another --output."
                )

    def settings(self) -> Optional[dict[str, Any]]:
        """The settings of the study; None before `claim`."""
        with self._open() as database:
            return self._settings(database)

    def begin(
        self,
        pictures: StudyPictures,
        num_shown: int,
        num_questions: int,
        num_checks: int,
    ) -> str:
        """Starts a session, with questions balanced with those of others; its token."""
        token = secrets.token_urlsafe(16)
        with self._changing() as database:
            asked = _questions(database.execute(f"{_SELECT} ORDER BY voter, position"))
            questions = plan(
                pictures.names,
                pictures.methods,
                num_shown,
                num_questions,
                num_checks,
                asked,
                np.random.default_rng(),
            )
            voter = database.execute(
                "INSERT INTO voters (token) VALUES (?)", [token]
            ).lastrowid
            database.executemany(
                "INSERT INTO questions VALUES (?, ?, ?, ?, ?)",
                [
                    (voter, place, q.picture, json.dumps(q.shown), int(q.is_check))
                    for place, q in enumerate(questions)
                ],
            )
        return token

    def state(self, token: str) -> State:
        """The state of a session.

        Raises:
            UnknownVoterError: an unknown token.
        """
        with self._open() as database:
            return _state(database, _voter(database, token))

    def answer(
        self, token: str, position: int, chosen: Optional[int], seconds: float
    ) -> State:
        """Stores an answer; returns the new state.

        Args:
            token: the voter's token.
            position: position of the question, which must be the next one.
            chosen: position of the picture, from the left; None for no difference.
            seconds: time of the answer.

        Raises:
            UnknownVoterError: an unknown token.
            OutOfTurnError: not the next question.
            ValueError: there is no such picture.
        """
        with self._changing() as database:
            voter = _voter(database, token)
            state = _state(database, voter)
            if position != state.num_answered or position >= len(state.questions):
                raise OutOfTurnError(f"The next question is {state.num_answered}.")
            num_shown = len(state.questions[position].shown)
            if chosen is not None and not 0 <= chosen < num_shown:
                raise ValueError(f"chosen must be below {num_shown}; it is {chosen}.")
            database.execute(
                "INSERT INTO answers (voter, position, chosen, seconds) "
                "VALUES (?, ?, ?, ?)",
                [voter, position, chosen, seconds],
            )
            return State(position + 1, state.questions)

    def answers(self) -> list[Answer]:
        """All answers, ordered by voter."""
        with self._open() as database:
            rows = database.execute(
                "SELECT voter, position, picture, shown, is_check, chosen, seconds, "
                "answered FROM answers JOIN questions USING (voter, position) "
                "ORDER BY voter, position"
            )
            return [
                Answer(row[0], row[1], _question(row[2:5]), *row[5:]) for row in rows
            ]

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            # With isolation_level None, Python starts no transactions of its own.
            with contextlib.closing(
                sqlite3.connect(
                    self._address, timeout=_PATIENCE, isolation_level=None, uri=True
                )
            ) as database:
                database.execute("PRAGMA foreign_keys = ON")
                yield database
        except sqlite3.OperationalError as error:
            text = str(error)
            # SQLite has other words for it where it maps a file into memory.
            if "I/O" in text and shutil.disk_usage(self._folder).free < _FULL:
                text = "the disk is full"
            number = errno.ENOSPC if "disk is full" in text else errno.EIO
            raise StorageError(number, text, self.path) from error

    @contextlib.contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                # SQLite itself rolls back when the disk is full.
                if database.in_transaction:
                    database.execute("ROLLBACK")
                raise

    @staticmethod
    def _settings(database) -> Optional[dict[str, Any]]:
        row = database.execute("SELECT settings FROM study").fetchone()
        return json.loads(row[0]) if row else None


_SELECT = "SELECT picture, shown, is_check FROM questions"


def _address(path: str) -> str:
    return "file:" + urllib.parse.quote(os.fsencode(os.path.abspath(path)))


def _voter(database, token: str) -> int:
    row = database.execute("SELECT id FROM voters WHERE token = ?", [token]).fetchone()
    if row is None:
        raise UnknownVoterError("There is no such session.")
    return row[0]


def _state(database, voter: int) -> State:
    where = "WHERE voter = ?"
    (num,) = database.execute(
        f"SELECT COUNT(*) FROM answers {where}", [voter]
    ).fetchone()
    rows = database.execute(f"{_SELECT} {where} ORDER BY position", [voter])
    return State(num, _questions(rows))


def _questions(rows) -> list[Question]:
    return [_question(row) for row in rows]


def _question(row) -> Question:
    picture, shown, is_check = row
    return Question(picture, tuple(json.loads(shown)), bool(is_check))
