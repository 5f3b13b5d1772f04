"""What is passed on of what uv says."""

from __future__ import annotations

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
