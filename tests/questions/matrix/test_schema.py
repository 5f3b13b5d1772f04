"""The schema of `matrix.json`: what is written has it, and what is not a report has not."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from typing import Any

import jsonschema
import pytest

from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.matrix.summary import SCHEMA, VERDICTS, Report
from tfmatrix.report.document import of_shape, report_id, to_text


@pytest.fixture(scope="module")
def schema() -> jsonschema.protocols.Validator:
    """Return the validator of the schema that comes with the package."""
    text = resources.files("tfmatrix.questions.matrix").joinpath("matrix.schema.json").read_text(encoding="utf-8")
    loaded = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(loaded)
    return jsonschema.Draft202012Validator(loaded)


def test_a_report_has_its_schema(report: Report, schema: jsonschema.protocols.Validator) -> None:
    """A report with every verdict in it, NaN and infinities included, is as the schema says."""
    written = json.loads(to_text(report))
    schema.validate(written)
    assert {cell["verdict"] for cell in written["cells"]} >= {
        verdict.value for verdict in VERDICTS if verdict is not Verdict.MISSING
    }


def test_a_report_is_read_as_it_was_written(report: Report) -> None:
    """What is read from the JSON is the report that it was written from, under the same id."""
    read = of_shape(json.loads(to_text(report)), Report)
    assert read == report
    assert report_id(read) == report.id


def test_a_whole_number_in_place_of_a_broken_one_stays_one(report: Report) -> None:
    """A number that is read is written as it was, so that the id of what was read is that of the file."""
    data = json.loads(to_text(report))
    data["machine"]["memory_gib"] = 16
    finding = next(s["first"] for cell in data["cells"] for s in cell.get("stages", ()) if s["first"])
    finding["distance"] |= {"max_abs": 2**70, "max_ulp": 2**64, "scaled_error": "inf"}
    read = of_shape(data, Report)
    assert json.loads(to_text(read)) == data
    assert '"memory_gib": 16,' in to_text(read)


def drop_a_key(data: dict[str, Any]) -> None:
    """Leave out a key."""
    del data["cells"][0]["outcome"]


def add_a_key(data: dict[str, Any]) -> None:
    """Add a key that no one knows."""
    data["cells"][0]["mood"] = "fine"


def invent_a_verdict(data: dict[str, Any]) -> None:
    """Write a word that is no verdict."""
    data["candidates"][0]["verdict"] = "fine"


def shorten_a_digest(data: dict[str, Any]) -> None:
    """Write a digest that is none."""
    data["settings"]["policy"] = "abc"


def write_a_number(data: dict[str, Any]) -> None:
    """Write another number of the schema."""
    data["schema"] = SCHEMA + 1


@pytest.mark.parametrize("spoil", [drop_a_key, add_a_key, invent_a_verdict, shorten_a_digest, write_a_number])
def test_what_is_no_report_is_refused(
    report: Report, schema: jsonschema.protocols.Validator, spoil: Callable[[dict[str, Any]], None]
) -> None:
    """A report with a key too few or too many, or a word that does not exist, is not as the schema says."""
    written = json.loads(to_text(report))
    spoil(written)
    with pytest.raises(jsonschema.ValidationError):
        schema.validate(written)
    with pytest.raises(ValueError, match=r"\$|unknown|required"):
        of_shape(written, Report)
