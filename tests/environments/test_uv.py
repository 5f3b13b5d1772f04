"""What is passed on to uv, and of what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfmatrix.environments import uv


def test_the_reason_is_the_statement_and_its_root() -> None:
    """Of a chain of causes the first and the last are kept, on one line; hints are not."""
    said = "error: Request failed\n  cause: something between\n  cause: Connection\n    refused\nhint: retry\n"
    assert uv.reason(said) == "Request failed: Connection refused"


def test_a_registrys_address_is_not_passed_on() -> None:
    """Reports are committed, so the address of a registry, and a password in it, stays out of them."""
    said = "error: Failed to fetch `https://user:secret@registry.example/simple/numpy/`"
    assert uv.reason(said) == "Failed to fetch `the package index`"


def test_silence_is_told_too() -> None:
    """A uv that fails without a word gives a reason that says so."""
    assert uv.reason("\n") == "uv failed without a word"


@pytest.mark.parametrize(
    "name",
    [
        "UV_NO_VERIFY_HASHES", "UV_CONSTRAINT", "UV_BUILD_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE", "UV_EXCLUDE_NEWER",
        "UV_PRERELEASE", "UV_RESOLUTION", "UV_FORK_STRATEGY", "UV_NO_BINARY", "UV_PYTHON", "UV_SYSTEM_PYTHON",
        "UV_TARGET", "UV_PREFIX", "VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH",
    ],
)  # fmt: skip
def test_a_variable_that_would_change_what_a_lock_means_is_not_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What the shell says of hashes, versions and places is kept from uv, and of its cache and index is not."""
    program = tmp_path / "uv"
    program.write_text("#!/bin/sh\nenv\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(uv, "program", lambda: str(program))
    monkeypatch.setenv(name, "told")
    monkeypatch.setenv("UV_CACHE_DIR", "/cache")
    seen = dict(line.split("=", 1) for line in uv.run([], failing="f").splitlines() if "=" in line)
    assert name not in seen
    assert (seen["UV_CACHE_DIR"], seen["NO_COLOR"]) == ("/cache", "1")
