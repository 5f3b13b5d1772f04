"""The engines, without a release: what XLA lacks is told apart from what is wrong with a model."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from .adopted import engines, outcomes

XLA = {
    "Detected unsupported operations when trying to compile graph __inference_f_276[_XlaMustCompile=true,config=54] "
    "on XLA_CPU_JIT: SegmentSum (No registered 'SegmentSum' OpKernel for XLA_CPU_JIT devices": (
        "XLA_CPU_JIT has no SegmentSum"
    ),
    "GPU MaxPool gradient ops do not yet have a deterministic XLA implementation.\n\t [[{{node a}}]]": (
        "GPU MaxPool gradient ops do not yet have a deterministic XLA implementation."
    ),
    "Matrix size-incompatible: In[0]: [2,3], In[1]: [2,3]": "",
    "": "",
}  # fmt: skip
"""Messages of TensorFlow's, and what XLA lacks by them."""


@pytest.mark.parametrize(("message", "lacking"), XLA.items())
def test_what_xla_lacks_is_told_without_the_numbers_of_a_run(message: str, lacking: str) -> None:
    """An operation that XLA does not have is named; what is wrong with a model is not taken for it."""
    assert engines.missing_from_xla(message) == lacking


class Broken(Exception):
    """Stand in for an error of TensorFlow's."""


@pytest.mark.parametrize("options", [{}, {"jit_compile": True}])
def test_what_xla_lacks_is_unsupported_where_xla_was_asked_for(
    options: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only an engine that was told to compile by XLA takes such an error for a model that does not exist there."""
    errors = SimpleNamespace(UnimplementedError=Broken, InvalidArgumentError=Broken)
    monkeypatch.setattr(engines, "tf", SimpleNamespace(errors=errors))
    lacking, other = "it has no XLA implementation.", "shapes differ"
    with pytest.raises(outcomes.Unsupported if options else Broken, match=lacking):
        fail(engines.EagerEngine((1, 1), **options), lacking)
    with pytest.raises(Broken, match=other):
        fail(engines.EagerEngine((1, 1), **options), other)


def fail(engine: Any, message: str) -> None:
    """Fail while an engine compiles."""
    with engine.compiling():
        raise Broken(message)
