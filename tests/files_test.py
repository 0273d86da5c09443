import errno
import hashlib
import os
import pathlib

import pytest
import tensorflow as tf

from tf_btgmi import files
from tf_btgmi.cli import program


def test_a_path_has_one_identity_however_it_is_spelled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to("a")
    for path in ("a", "./a/", "link", f"{tmp_path}/link/../a"):
        assert files.identity(path) == str(tmp_path / "a")
        assert files.is_below("a/x.png", path) and files.is_below("link/b/x", path)
        assert not files.is_below("ab/x", path) and not files.is_below("a", path)
        assert files.is_below(path + "/x", "/")
    assert files.identity("gs://b/a/") == files.identity("gs://b/a")
    assert files.is_below("gs://b/a/x.png", "gs://b/a")
    assert not files.is_below("gs://b/a/x.png", "b/a")


def test_a_write_replaces_the_file_and_leaves_no_other(tmp_path):
    path = tmp_path / "a.txt"
    for content, stored in (("ä\r\n", "ä\r\n".encode()), (b"\0\1", b"\0\1")):
        files.write(str(path), content)
        assert path.read_bytes() == stored
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("name", ["x" * 255, "\u9577" * 85, "\udcff.txt"])
def test_a_file_may_have_any_name_that_the_disk_allows(tmp_path, name):
    files.write(str(tmp_path / name), "text")
    assert os.listdir(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "text"


def test_two_files_of_a_folder_may_be_written_at_once(tmp_path):
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    with files.replacing(a) as new_a, files.replacing(b) as new_b:
        pathlib.Path(new_a).write_text("a")
        pathlib.Path(new_b).write_text("b")
    assert pathlib.Path(a).read_text() == "a" and pathlib.Path(b).read_text() == "b"


def test_a_replaced_file_keeps_its_permissions_and_a_link_stays_one(tmp_path):
    target, link = tmp_path / "private.txt", tmp_path / "link.txt"
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)
    files.write(str(link), "new")
    assert link.is_symlink() and target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(tmp_path)) == ["link.txt", "private.txt"]


def test_after_an_error_the_old_file_is_still_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyError), files.replacing(str(path)) as temporary:
        with open(temporary, "w") as file:
            file.write("half")
        raise KeyError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_write_that_fails_at_the_end_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("old")
    monkeypatch.setattr(os, "replace", lambda *_: os.listdir(tmp_path / "missing"))
    with pytest.raises(OSError):
        files.write(str(path), "new")
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["a.txt"]


def test_an_error_names_the_file_that_was_to_be_written(tmp_path):
    (tmp_path / "folder").mkdir()
    for name in ("missing/a.txt", "folder"):
        with pytest.raises(OSError) as caught:
            files.write(str(tmp_path / name), "text")
        assert caught.value.filename == str(tmp_path / name)
        assert ".tmp" not in str(caught.value)


def test_an_error_names_the_file_as_it_was_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match=" 'nowhere/a.txt'"):
        files.write("nowhere/a.txt", "text")
    os.symlink("b.txt", "link.txt")
    with pytest.raises(OSError) as caught, files.replacing("link.txt"):
        raise OSError(errno.ENOSPC, "full")
    assert caught.value.filename == "link.txt"


def test_an_error_without_a_name_gets_that_of_the_file(tmp_path):
    path = str(tmp_path / "a.txt")
    with pytest.raises(OSError) as caught, files.replacing(path):
        # So a full disk is reported.
        raise OSError(errno.ENOSPC, "No space left on device")
    assert program.message_of(caught.value) == f"{path}: No space left on device."
    with pytest.raises(OSError, match="^cannot be encoded$"), files.replacing(path):
        raise OSError("cannot be encoded")


@pytest.mark.parametrize(
    "text, words",
    [(None, "cannot be read: No such file"), ("", "is not a JSON"), ("[" * 9999, "is")],
)
def test_a_file_that_is_no_json_is_named(tmp_path, text, words):
    path = tmp_path / "a.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError, match=f"a.json {words}"):
        files.read_json(str(path))
    path.write_text('{"a": [1, null]}')
    assert files.read_json(str(path)) == {"a": [1, None]}


def test_the_hash_is_that_of_the_whole_file(tmp_path):
    content = bytes(range(256)) * 5000
    (tmp_path / "a").write_bytes(content)
    assert files.sha256(str(tmp_path / "a")) == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "error, line",
    [
        (ValueError("\n Bad.\nTraceback"), "Bad"),
        (KeyError(), "KeyError"),
        (OSError("x" * 900), "x" * 300),
    ],
)
def test_an_error_in_one_line(error, line):
    assert files.first_line(error) == line


@pytest.mark.parametrize(
    "error",
    [
        tf.errors.ResourceExhaustedError(
            None, None, "{{x}} a; No space left on device"
        ),
        OSError(errno.ENOSPC, "No space left on device", "/x/.tmp-1/a"),
    ],
)
def test_errors_of_a_full_disk_name_the_target_alone(error):
    with pytest.raises(OSError) as caught, files.naming_target("mine"):
        raise error
    assert program.message_of(caught.value) == "mine: No space left on device."


def test_other_errors_are_not_those_of_the_disk():
    with pytest.raises(tf.errors.ResourceExhaustedError), files.naming_target("mine"):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating")


def test_one_process_works_in_a_folder(tmp_path):
    with files.only_one("training", str(tmp_path), "--workdir"):
        with pytest.raises(ValueError, match="Another training is running in .*, or "):
            with files.only_one("training", str(tmp_path), "--workdir"):
                pass


def test_a_file_system_without_locks_is_used_without(tmp_path, monkeypatch):
    def flock(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(files.fcntl, "flock", flock)
    done = []
    with files.only_one("training", str(tmp_path), "--workdir"):
        done.append(True)
    assert done
