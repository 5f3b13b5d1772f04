"""Facts that several questions note in a store: what was installed, what was refused, and what a machine is."""

from __future__ import annotations

from typing import Any

from tfmatrix.environments import making
from tfmatrix.environments.machine import machine_id, this_machine
from tfmatrix.records import InstalledEnvironment, Machine
from tfmatrix.store.store import Store

REFUSAL, INSTALLED, MACHINE = "refusal", "installed", "machine"
"""Kinds of facts in the store: why an environment could not be had, what was in one that could, what a machine is."""


def noted_machine(store: Store) -> Machine:
    """Return the machine as it was when trials were last run on it, and as it is now where none was."""
    noted = store.noted(MACHINE, machine_id(this_machine()))
    if not isinstance(noted, dict):
        return this_machine()
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in noted.items()}
    return Machine(**values)


def noted_refusal(store: Store, key: str) -> str:
    """Return why an environment could not be had, by what it is filed under; empty where it could, or nobody tried."""
    return str(store.noted(REFUSAL, key) or "")


def noted_installed(store: Store, key: str) -> InstalledEnvironment | None:
    """Return what was installed in an environment, by what it is filed under; None where that is not known."""
    noted = store.noted(INSTALLED, key)
    try:
        return making.from_json(noted) if isinstance(noted, dict) else None
    except (ValueError, KeyError, TypeError):
        return None  # which is no knowledge, and said to be none
