"""The templates of the Markdown reports, each of which lies beside its question's page."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import jinja2

from tfmatrix.report.text import code, escaped, number


def fill(question: str, **sections: Any) -> str:
    """Return the template of a question filled in; a name in it that is not given is an error."""
    return _template(question).render(**sections).rstrip() + "\n"


@cache
def _template(question: str) -> jinja2.Template:
    environment = jinja2.Environment(
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  # this is Markdown: what comes from elsewhere goes through the two filters
    )
    environment.filters |= {"escaped": escaped, "code": code, "number": number}
    source = resources.files(f"tfmatrix.questions.{question}").joinpath("page.md.jinja").read_text(encoding="utf-8")
    return environment.from_string(source)
