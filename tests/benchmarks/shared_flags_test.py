import pytest
from absl import flags
from absl.testing import flagsaver

from benchmarks import compare_pytorch, shared_flags
from tf_btgmi.cli import program

FLAGS = flags.FLAGS


PROGRAM_MODULE = compare_pytorch


@pytest.fixture(autouse=True)
def parsed():
    FLAGS(["benchmark"])


def test_sizes_are_whole_numbers_in_their_order():
    with flagsaver.flagsaver(sizes=["128", "64"]):
        assert shared_flags.whole_numbers("sizes") == [128, 64]


@pytest.mark.parametrize("texts", [["64", "x"], ["0"], ["-1"], ["²"], ["1.5"], []])
def test_sizes_that_are_no_whole_numbers_are_refused(texts):
    with flagsaver.flagsaver(sizes=texts):
        with pytest.raises(program.UsageError, match="--sizes must be whole numbers"):
            shared_flags.whole_numbers("sizes")


def test_zero_is_a_number_where_it_may_be():
    with flagsaver.flagsaver(sizes=["0", "1"]):
        assert shared_flags.whole_numbers("sizes", least=0) == [0, 1]


def test_precisions_are_those_of_training():
    assert shared_flags.precisions() == ["float32", "mixed_bfloat16"]
    with flagsaver.flagsaver(precisions=["bfloat16"]):
        with pytest.raises(
            program.UsageError, match="float32, mixed_bfloat16, mixed_f"
        ):
            shared_flags.precisions()
