"""The JSON schemas of the reports: made from their records, and committed for whoever reads a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

import tfmatrix
from golden_files import assert_file
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.atlas import summary as atlas
from tfmatrix.questions.bisect import summary as bisect
from tfmatrix.questions.exchange import summary as exchange
from tfmatrix.questions.explain import summary as explain
from tfmatrix.questions.machines import summary as machines
from tfmatrix.questions.matrix import summary as matrix
from tfmatrix.questions.recipes import summary as recipes
from tfmatrix.questions.static import summary as static
from tfmatrix.report.records import Report

REPORTS: dict[str, type[Report]] = {
    "matrix": matrix.Report,
    "recipes": recipes.Report,
    "exchange": exchange.Report,
    "explain": explain.Report,
    "bisect": bisect.Report,
    "atlas": atlas.Report,
    "static": static.Report,
    "machines": machines.Report,
}


def in_order(schema: Any) -> Any:
    """Return a schema as one release of msgspec has it: others order alternatives and name types of keys otherwise."""
    if isinstance(schema, list):
        return [in_order(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: in_order(value) for key, value in schema.items()}
    if made.get("propertyNames") == {"$ref": "#/$defs/Verdict"}:
        made["propertyNames"] = {"enum": [verdict.value for verdict in Verdict]}
    return made | {"anyOf": sorted(made["anyOf"], key=json.dumps)} if "anyOf" in made else made


@pytest.mark.parametrize("question", REPORTS)
def test_a_schema_is_that_of_the_records(question: str) -> None:
    """The committed schema is the one that the records make, and a schema at all."""
    told = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"tfmatrix's report {question}.json"}
    made = {**told, **in_order(msgspec.json.schema(REPORTS[question]))}
    jsonschema.Draft202012Validator.check_schema(made)
    path = Path(tfmatrix.__file__).parent / "questions" / question / f"{question}.schema.json"
    assert_file(path, json.dumps(made, indent=1) + "\n")
