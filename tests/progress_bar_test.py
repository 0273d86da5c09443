import pytest

from tests.programs import on_a_terminal
from tf_btgmi import progress_bar


@pytest.fixture(name="interval")
def _interval(monkeypatch):
    # Every state is due at once.
    monkeypatch.setattr(progress_bar, "SECONDS_BETWEEN_LINES", 1e-9)


def test_a_log_gets_lines(interval, capsys):
    pictures = progress_bar.progress_bar("abc", desc="pictures", unit="picture")
    assert list(pictures) == ["a", "b", "c"]
    written = capsys.readouterr().err
    assert "\r" not in written
    lines = written.splitlines()
    assert lines[-1].startswith("pictures 3 of 3, 00:00, ")
    assert all(line.startswith("pictures ") for line in lines)


def test_a_log_gets_no_line_about_short_work(capsys):
    with progress_bar.progress_bar(total=2, unit="row") as bar:
        bar.update(2)
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar(capsys, monkeypatch):
    on_a_terminal(monkeypatch)
    with progress_bar.progress_bar(total=2, unit="row") as bar:
        bar.update(2)
    assert "\r100%|" in capsys.readouterr().err
