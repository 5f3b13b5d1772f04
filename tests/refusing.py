"""A noxfile that makes no environment, in place of tfmatrix's sessions: no unit test installs TensorFlow."""

from __future__ import annotations

import os

import nox

REASON = "no unit test makes one"


@nox.session(venv_backend="none")
@nox.parametrize("name", [nox.param(name, id=name) for name in os.environ["TFMATRIX_VERSIONS"].split(",")])
def environment(session: nox.Session, name: str) -> None:
    """Make nothing, and say so as the real session does."""
    session.error(f"{name} is unavailable: {REASON}")
