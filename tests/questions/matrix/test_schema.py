"""The schema of `matrix.json`: what is written has it, and what is not a report has not."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from typing import Any

import jsonschema
import pytest

from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.matrix.summary import SCHEMA
from tfmatrix.report.document import Data, to_text


@pytest.fixture(scope="module")
def schema() -> jsonschema.protocols.Validator:
    """Return the validator of the schema that comes with the package."""
    text = resources.files("tfmatrix.questions.matrix").joinpath("matrix.schema.json").read_text(encoding="utf-8")
    loaded = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(loaded)
    return jsonschema.Draft202012Validator(loaded)


def test_a_report_has_its_schema(data: Data, schema: jsonschema.protocols.Validator) -> None:
    """A report with every verdict in it, NaN and infinities included, is as the schema says."""
    written = json.loads(to_text(data))
    schema.validate(written)
    assert {cell["verdict"] for cell in written["cells"]} >= {v.value for v in Verdict if v is not Verdict.MISSING}


def test_the_schema_knows_the_number_and_every_verdict(schema: jsonschema.protocols.Validator) -> None:
    """Schema and code have the same number and the same words."""
    assert isinstance(schema.schema, dict)
    assert schema.schema["properties"]["schema"]["const"] == SCHEMA
    assert schema.schema["$defs"]["verdict"]["enum"] == [verdict.value for verdict in Verdict]


def drop_a_key(data: Data) -> None:
    """Leave out a key."""
    del data["cells"][0]["outcome"]


def add_a_key(data: Data) -> None:
    """Add a key that no one knows."""
    data["cells"][0]["mood"] = "fine"


def invent_a_verdict(data: Data) -> None:
    """Write a word that is no verdict."""
    data["candidates"][0]["verdict"] = "fine"


def shorten_a_digest(data: Data) -> None:
    """Write a digest that is none."""
    data["settings"]["policy"] = "abc"


def write_a_number(data: Data) -> None:
    """Write another number of the schema."""
    data["schema"] = SCHEMA + 1


@pytest.mark.parametrize("spoil", [drop_a_key, add_a_key, invent_a_verdict, shorten_a_digest, write_a_number])
def test_what_is_no_report_is_refused(
    data: Data, schema: jsonschema.protocols.Validator, spoil: Callable[[dict[str, Any]], None]
) -> None:
    """A report with a key too few or too many, or a word that does not exist, is not as the schema says."""
    written = json.loads(to_text(data))
    spoil(written)
    with pytest.raises(jsonschema.ValidationError):
        schema.validate(written)
