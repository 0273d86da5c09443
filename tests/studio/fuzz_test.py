"""The API against requests made from its own description."""

import sys

import pytest

if sys.version_info < (3, 10):
    pytest.skip("schemathesis 4 asks for Python 3.10", allow_module_level=True)
schemathesis = pytest.importorskip("schemathesis")

import hypothesis  # noqa: E402
from schemathesis.specs.openapi.checks import (  # noqa: E402
    negative_data_rejection,
    positive_data_acceptance,
)

from tests.studio.conftest import make_models  # noqa: E402
from tf_btgmi.studio.limits import Limits  # noqa: E402
from tf_btgmi.studio.server import create_app  # noqa: E402

APP = create_app(make_models(image_size=32)[1], Limits(max_waiting=100))
API = schemathesis.openapi.from_asgi(
    "/openapi.json", APP, headers={"host": "localhost"}
)
HEADERS = {"host": "localhost"}
# Files are any bytes to the description, but not to the studio; and a form makes text
# of every value, so that one that violates the description may arrive as one that fits.
OF_DATA = [positive_data_acceptance, negative_data_rejection]
NO_CHECKS_OF_TIME = [
    hypothesis.HealthCheck.too_slow,
    hypothesis.HealthCheck.filter_too_much,
    hypothesis.HealthCheck.data_too_large,
]


def settings(examples):
    return hypothesis.settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=NO_CHECKS_OF_TIME,
    )


@API.parametrize()
@settings(4)
def test_every_answer_is_one_that_the_description_names(case):
    case.call_and_validate(headers=HEADERS, excluded_checks=OF_DATA)


@pytest.mark.slow
@API.parametrize()
@settings(150)
def test_every_answer_is_one_that_the_description_names_many_times(case):
    case.call_and_validate(headers=HEADERS, excluded_checks=OF_DATA)
