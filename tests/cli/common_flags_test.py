"""Flags that several programs define."""

import pytest
from absl import flags

from export import saved_model, tflite
from tf_btgmi import inpaint


@pytest.mark.parametrize(
    "program, accepts_a_server",
    [(inpaint, True), (saved_model, False), (tflite, False)],
)
def test_the_help_of_model_names_only_what_is_accepted(
    program, accepts_a_server, monkeypatch
):
    defined = {}
    monkeypatch.setattr(
        flags, "DEFINE_string", lambda name, default, text: defined.update({name: text})
    )
    for other in ("bool", "integer", "float", "enum", "list", "alias"):
        monkeypatch.setattr(flags, f"DEFINE_{other}", lambda *args, **kwargs: None)
    program.define_flags()
    assert "bundled model" in defined["model"]
    assert ("server" in defined["model"]) == accepts_a_server
    assert (".tflite" in defined["model"]) == accepts_a_server
