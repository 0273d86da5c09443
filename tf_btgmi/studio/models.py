"""Models of the studio by name."""

import time
from typing import Callable, Optional

import numpy as np

from tf_btgmi.files import first_line
from tf_btgmi.studio import errors
from tf_btgmi.studio.worker import Job


class Model:
    """A predictor with a name, whose errors are those of the API.

    Args:
        name: shown in the page.
        predictor: see `inference.predictor.Predictor`; one thread uses it.
    """

    def __init__(self, name: str, predictor):
        self.name = name
        self.outputs = tuple(predictor.outputs)
        self.predictor = predictor

    def run(self, job: Job, call: Callable) -> np.ndarray:
        """`call(predictor)` on behalf of a job.

        Raises:
            ApiError: cancelled, out of time, refused by the predictor, or its server
                does not answer.
        """
        started = time.monotonic()
        try:
            return call(self.predictor)
        # A model server does not answer.
        except OSError as error:
            raise errors.model_server_away(f"{first_line(error)}.") from None
        except ValueError as error:
            raise errors.impossible(f"{first_line(error)}.") from None
        finally:
            job.model_seconds = time.monotonic() - started


def find(models: list[Model], name: Optional[str], output: str) -> Model:
    """The model of that name; without a name the first one that has the output.

    Raises:
        ApiError: there is none of that name.
    """
    if name is None:
        able = (model for model in models if output in model.outputs)
        return next(able, models[0])
    for model in models:
        if model.name == name:
            return model
    raise errors.bad_request(
        f"There is no model {name!r} here; there are "
        f"{', '.join(model.name for model in models)}."
    )
