"""Reading a report of a matrix again."""

from __future__ import annotations

import os
from pathlib import Path

from tfmatrix.errors import UserError
from tfmatrix.questions.matrix.summary import SCHEMA, Report
from tfmatrix.reading import MOST_OF_A_REPORT, json_of, reading
from tfmatrix.report.document import of_shape, report_id

NAME = "matrix"
"""What the files of the report are called."""


def report_in(path: Path) -> Path:
    """Return the file of the report in a folder of reports; a file stands for itself."""
    return path / f"{NAME}.json" if path.is_dir() else path


def read_report(path: Path) -> Report:
    """Return the report that a JSON file holds.

    Raises ``UserError``, saying what to do, where there is none, where it is no report of this schema, and where it was
    edited: then it has another id than it bears.
    """
    if not os.path.lexists(path):
        raise UserError(f"there is no report {path}; make it with `tfmatrix run`, and read it.")
    with reading(f"the report {path}", "make it anew with `tfmatrix report`"):
        data = json_of(path, MOST_OF_A_REPORT)
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise UserError(f"the report {path} has another schema; make it anew with `tfmatrix report`.")
    try:
        report = of_shape(data, Report)
        edited = report_id(report) != report.id
    except ValueError as error:
        raise UserError(f"the report {path} is none of tfmatrix's: {error}; make it anew.") from None
    if edited:
        raise UserError(f"the report {path} was edited: it no longer has the id that it bears; make it anew.")
    return report
