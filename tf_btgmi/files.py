"""Atomic writes, locks, checks of paths, hashes of files, and errors in one line."""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
from typing import Any, Iterator, Optional, Union

# Name of the file in a folder that `only_one` locks.
LOCK = ".lock"
# Errors of a disk that is full or cannot be written.
_DISK_ERRORS = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
)


@contextlib.contextmanager
def naming(path: str, temporary: Optional[str] = None) -> Iterator[None]:
    """Errors of the operating system name `path`, the file that is written.

    A full disk is reported without a name, and a temporary file is not known to users.

    Args:
        path: of the file.
        temporary: path that is replaced in errors.
    """
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename in (None, temporary):
            error.filename, error.filename2 = path, None
        raise


@contextlib.contextmanager
def naming_target(path: str) -> Iterator[None]:
    """Errors of the disk, of any library, become an OSError that names `path` alone.

    TensorFlow's errors have the reason of the operating system among names of its own
    and of temporary files.

    Args:
        path: of the file or folder that the user asked for.
    """
    try:
        yield
    except Exception as error:
        code = _disk_error(error)
        if code is None:
            raise
        raise OSError(code, os.strerror(code), path) from error


@contextlib.contextmanager
def replacing(path: str) -> Iterator[str]:
    """Yields the path of a temporary file that takes the place of `path` at the end.

    Another process sees the old file or the new one, never a part. After an error the
    old file is still there. A link stays one, and its target keeps its permissions.
    """
    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    # The name itself may be as long as names can be.
    short = hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
    temporary = os.path.join(folder, f".tmp-{os.getpid()}-{short}")
    try:
        with naming(path, temporary):
            yield temporary
            if os.path.exists(target):
                shutil.copymode(target, temporary)
            os.replace(temporary, target)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


@contextlib.contextmanager
def only_one(work: str, folder: str, flag: str) -> Iterator[int]:
    """Refuses a second process with the same work in a folder, if it has locks.

    Args:
        work: kind of the work, for the error.
        folder: an existing folder.
        flag: that chooses the folder, for the error.

    Yields:
        A file descriptor; child processes that inherit it hold the lock, too.

    Raises:
        ValueError: another process is at it.
    """
    with open(os.path.join(folder, LOCK), "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"Another {work} is running in {folder}. Wait for it, stop it, or "
                f"choose another {flag}."
            ) from None
        except OSError:
            # Some network file systems have no locks.
            pass
        yield lock.fileno()


def identity(path: str) -> str:
    """Text that is equal for all spellings of a path, also through links.

    Addresses such as gs://bucket/file are compared as they are written.
    """
    return os.path.normpath(path) if "://" in path else os.path.realpath(path)


def is_below(path: str, folder: str) -> bool:
    """Whether a path is in or below a folder, however the two are spelled.

    A link is where it lies, not where it leads to. With a slash at its end, the path is
    that of a folder, which may be `folder` itself.
    """
    place = os.path.join(identity(os.path.dirname(path)), "")
    return place.startswith(os.path.join(identity(folder), ""))


def check_folder(path: str) -> None:
    """Checks that a folder exists or can be made.

    Raises:
        ValueError: `path` is a file.
    """
    if os.path.exists(path) and not os.path.isdir(path):
        raise ValueError(f"{path} is a file; give a folder.")


def write(path: str, content: Union[bytes, str]) -> None:
    """Writes a file atomically; text as UTF-8, with its own line ends."""
    data = content if isinstance(content, bytes) else content.encode("utf-8")
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(data)


def write_json(path: str, value: Any) -> None:
    """Writes a value as indented JSON, atomically."""
    write(path, json.dumps(value, indent=2) + "\n")


def read_json(path: str) -> Any:
    """Reads a JSON file.

    Raises:
        ValueError: it cannot be read, or is not JSON; one line that names the file.
    """
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from None
    # RecursionError for deeply nested brackets; ValueError also for huge numbers.
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not a JSON file: {error}.") from None


def sha256(path: str) -> str:
    """Hexadecimal SHA-256 of a file's content."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def one_line(error: BaseException) -> str:
    """The whole message of an error in one line; its type if it has none."""
    return " ".join(str(error).split()) or type(error).__name__


def write_failure(error: BaseException) -> str:
    """Why a file could not be written, to be part of a sentence.

    In the words of the operating system where the disk is the reason, otherwise the
    first line of the error.
    """
    code = _disk_error(error)
    return first_line(error) if code is None else os.strerror(code)


def _disk_error(error) -> Optional[int]:
    texts = ((code, os.strerror(code)) for code in _DISK_ERRORS)
    return next((code for code, text in texts if text in str(error)), None)


def first_line(error: Union[BaseException, str]) -> str:
    """The first line of a message or an error's, to be part of a sentence."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")[:300]
