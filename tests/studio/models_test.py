import pytest

from tests.studio.conftest import make_models
from tf_btgmi.studio import errors, models


def test_without_a_name_it_is_the_first_model_that_can():
    red, blue = make_models()[1]
    assert models.find([blue, red], None, "inpainted") is blue
    assert models.find([blue, red], None, "harmonized") is red
    # One that cannot says so itself.
    assert models.find([blue], None, "harmonized") is blue


def test_a_name_is_taken_at_its_word():
    red, blue = make_models()[1]
    assert models.find([red, blue], "blue", "harmonized") is blue
    with pytest.raises(errors.ApiError, match="There is no model 'green' here"):
        models.find([red, blue], "green", "inpainted")
