"""Files of jobs: what is read, what is wrong with them."""

import pytest

from tf_btgmi.cli import job_files

REQUIRED = ("image", "output")


def write(folder, text, encoding="utf-8"):
    path = folder / "jobs.csv"
    path.write_bytes(text.encode(encoding))
    return str(path)


def test_cells_are_found_by_column_and_paths_by_the_folder_of_the_file(tmp_path):
    text = "\ufeffoutput, Scale ,image\r\ndone/a.png,,a.png, ,\r\n\r\n"
    text += "gs://b/b.png, 2 ,/b.png\r\n"
    first, second = job_files.read_jobs(write(tmp_path, text), REQUIRED, ("scale",))
    assert first.label.endswith("jobs.csv, line 2")
    assert first.path("output") == str(tmp_path / "done/a.png")
    assert first.value("scale", job_files.number, 1.0) == 1.0
    assert second.label.endswith("jobs.csv, line 4")
    assert second.path("image") == "/b.png"
    assert second.path("output") == "gs://b/b.png"
    assert second.value("scale", job_files.number, 1.0) == 2.0


def test_a_missing_cell_is_named(tmp_path):
    (row,) = job_files.read_jobs(write(tmp_path, "image,output\na.png\n"), REQUIRED, ())
    with pytest.raises(ValueError, match="The column output is empty"):
        row.path("output")


@pytest.mark.parametrize(
    "text, words",
    [
        (
            "image,output,colour\na,b,c\n",
            "has the unknown column 'colour'. Its .* image, output; scale is op",
        ),
        ("image\na\n", "has no column output"),
        ("image,image,output\na,b,c\n", "has two columns image"),
        ("image,output\n", "has no jobs"),
        ("", "has no column image|has no column output"),
        (
            "image,output\na,1,b.png\n",
            "line 2 has 3 cells, but there are 2 columns. Put values with commas in",
        ),
        ("image,output\na\0,b\n", "line 2: "),
        ('image,output\n"a,b\n', "jobs.csv, line 2: unexpected end of data"),
        ("image;output\na;b\n", "is separated by semicolons; save it with commas"),
        ("image\toutput\na\tb\n", "is separated by tabs; save it with commas"),
    ],
)
def test_a_file_that_is_none_is_said(tmp_path, text, words):
    with pytest.raises(ValueError, match=words):
        job_files.read_jobs(write(tmp_path, text), REQUIRED, ("scale",))


def test_a_file_that_is_not_there_or_not_utf8_is_said(tmp_path):
    with pytest.raises(ValueError, match="none.csv cannot be read: No such file"):
        job_files.read_jobs(str(tmp_path / "none.csv"), REQUIRED, ())
    path = write(tmp_path, "image,output\nä,b\n", "latin-1")
    with pytest.raises(ValueError, match="is not a text file in UTF-8"):
        job_files.read_jobs(path, REQUIRED, ())


def test_numbers_are_read():
    assert job_files.pair_of_numbers("12, -3.5") == (12.0, -3.5)
    assert job_files.box("1,2,3,4") == (1.0, 2.0, 3.0, 4.0)
    assert job_files.whole_number(" 7 ") == 7
    assert [job_files.yes_or_no(w) for w in ("Yes", "0", "true")] == [True, False, True]


@pytest.mark.parametrize(
    "parse, text, words",
    [
        (job_files.pair_of_numbers, "12", "'12' is not two numbers y,x"),
        (job_files.pair_of_numbers, "a,b", "is not two numbers"),
        (job_files.box, "1,2,3", "is not four numbers y0,x0,y1,x1"),
        (job_files.box, "3,2,3,4", "'3,2,3,4' is an empty box: give"),
        (job_files.box, "1,9,3,4", "with y0 < y1 and x0 < x1"),
        (job_files.number, "big", "'big' is not a number"),
        (job_files.whole_number, "-1", "is not a non-negative integer"),
        (job_files.whole_number, "1.5", "is not a non-negative integer"),
        (job_files.whole_number, "²", "is not a non-negative integer"),
        (job_files.yes_or_no, "maybe", "is neither true nor false"),
    ],
)
def test_what_is_no_number_is_said(parse, text, words):
    with pytest.raises(ValueError, match=words):
        parse(text)
