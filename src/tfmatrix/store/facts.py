"""Facts that every question notes in a store: what was installed, what was refused, and what a machine is."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tfmatrix.environments import making
from tfmatrix.environments.machine import machine_id
from tfmatrix.records import InstalledEnvironment, Machine
from tfmatrix.store.store import Store

REFUSAL, INSTALLED, MACHINE = "refusal", "installed", "machine"
"""Kinds of facts in the store: why an environment could not be had, what was in one that could, what a machine is."""


def note_machine(store: Store, machine: Machine) -> None:
    """Note a machine that trials are run on."""
    store.note(MACHINE, machine_id(machine), asdict(machine))


def noted_machine(store: Store, machine: Machine) -> Machine:
    """Return a machine as it was when trials were last run on it, and as it is now where none was."""
    return _machine(store.noted(MACHINE, machine_id(machine))) or machine


def noted_machines(store: Store) -> dict[str, Machine]:
    """Return every machine that trials were run on, those of stores that were merged too, by their ids."""
    found = {key: _machine(store.noted(MACHINE, key)) for key in sorted(store.noted_keys(MACHINE))}
    return {key: one for key, one in found.items() if one}


def _machine(noted: object) -> Machine | None:
    if not isinstance(noted, dict):
        return None
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in noted.items()}
    return Machine(**values)


def note_installed(store: Store, key: str, installed: InstalledEnvironment) -> None:
    """Note what is installed in an environment, by what it is filed under: so it can be had."""
    store.note(INSTALLED, key, making.to_json(installed))
    store.strike(REFUSAL, key)


def noted_installed(store: Store, key: str) -> InstalledEnvironment | None:
    """Return what was installed in an environment, by what it is filed under; None where that is not known."""
    noted = store.noted(INSTALLED, key)
    try:
        return making.from_json(noted) if isinstance(noted, dict) else None
    except (ValueError, KeyError, TypeError):
        return None  # which is no knowledge, and said to be none


def note_refusal(store: Store, key: str, reason: str) -> None:
    """Note why an environment cannot be had, by what it is filed under."""
    store.note(REFUSAL, key, reason)


def noted_refusal(store: Store, key: str) -> str:
    """Return why an environment could not be had, by what it is filed under; empty where it could, or nobody tried."""
    return str(store.noted(REFUSAL, key) or "")
