"""What `tfmatrix init` proposes for a folder: the settings that it lacks, each with what was found, and a noxfile."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfmatrix.config import Config, load, nearest_root
from tfmatrix.errors import UserError
from tfmatrix.init import needs, writing
from tfmatrix.init.finding import Found, models, reference_models
from tfmatrix.init.listing import Listing, listing_of
from tfmatrix.init.saved import suffixes
from tfmatrix.pins.files import Source, read_project
from tfmatrix.reading import reading, toml_in

_IMPORTED = re.compile(rb"^\s*(from|import)\s+tfmatrix\b", re.MULTILINE)
"""What a noxfile has that has the sessions already."""


@dataclass(frozen=True)
class Line:
    """One thing that was found: what, and why or where."""

    what: str
    why: str


@dataclass(frozen=True)
class Proposal:
    """What is proposed for a project."""

    root: Path
    lines: tuple[Line, ...]
    """What was found, and what follows from it."""
    apart: tuple[Line, ...]
    """What was found and has no table."""
    settings: Mapping[str, Any]
    """What `[tool.tfmatrix]` lacks; nothing where it is configured."""
    noxfile: bool
    """Whether a noxfile is to be written."""
    noxfile_line: str
    """What is to be added to the one that there is; empty where it has that."""

    @property
    def is_empty(self) -> bool:
        """Return whether everything is there already."""
        return not (self.settings or self.noxfile or self.noxfile_line)

    @property
    def text(self) -> str:
        """Return the settings as they would be written."""
        return writing.table_of(self.settings) if self.settings else ""


def propose(start: Path, *, with_nox: bool) -> Proposal:
    """Return what is proposed for the project around a folder, or for the folder itself; nothing is written.

    Raises ``UserError`` where a file can't be read, and where no model is found and none is configured.
    """
    root = nearest_root(start) or start
    config, table = _configuration(root)
    listing = listing_of(root)
    sources = read_project(root, config.ignored_pins)
    found = models(listing, config)
    nox = _nox(root, sources, with_nox=with_nox)
    files = reference_models(listing, config)
    configured = bool(config.commands or config.builders or table.get("models") or (files and table))
    if configured:
        apart = tuple(Line(one.path, one.why) for one in found if one.settings and not _is_named(one, table))
        return Proposal(root, (), apart, {}, *nox)
    tables = {one.name: dict(one.settings) for one in found if one.settings}
    if not tables and not files:
        raise _nothing(listing, found)
    settings = {key: said for key, said in _settings(root, sources).items() if key not in table}
    lines = [line for _, told in settings.values() for line in told]
    for one in found:
        if one.settings:
            lines.append(Line(f"{one.path}, the model {one.name}", one.why))
            lines += [Line("", hint) for hint in one.hints]
    if files:
        lines.append(Line(f"{config.models_folder}/", f"has model files ({files}), which need no table"))
    apart = tuple(Line(one.path, f"{one.why}: no table") for one in found if not one.settings)
    lacking = {key: value for key, (value, _) in settings.items() if value is not None}
    return Proposal(root, tuple(lines), apart, {**lacking, **({"models": tables} if tables else {})}, *nox)


def _configuration(root: Path) -> tuple[Config, Mapping[str, Any]]:
    """Return the configuration of a folder and its table, both empty where it has no pyproject.toml."""
    path = root / "pyproject.toml"
    content = writing.read(path)
    if content is None:
        return Config(root=root), {}
    config = load(root)
    with reading(str(path)):
        table = toml_in(content.decode("utf-8")).get("tool", {}).get("tfmatrix", {})
    return config, table


def _settings(root: Path, sources: Sequence[Source]) -> dict[str, tuple[Any, list[Line]]]:
    """Return the settings that follow from the project's files, None where the default fits, each with why."""
    wanted = needs.releases(root, sources)
    python = needs.python(root, sources, wanted)
    others = needs.requirements(root, sources)
    fit = [one for one in others if not one.refusal]
    versions = Line(f"versions {', '.join(wanted.versions)}", "the baseline, the next minor and the newest known")
    return {
        "versions": (list(wanted.versions), [versions]),
        "baseline": (wanted.baseline, [Line(f"baseline {wanted.baseline}", wanted.why)]),
        "python": (_python(python), _python_lines(python)),
        "requirements": (
            [one.line for one in fit] or None,
            [Line(f"requirements {one.line}".rstrip(), one.has or f"left out: {one.refusal}") for one in others],
        ),
    }


def _python(found: needs.Pythons) -> Any:
    """Return the setting of Python; None where the default fits."""
    if found.others:
        return {"default": found.own.value, **found.others}
    return found.own.value if found.own.value != Config.python else None


def _python_lines(found: needs.Pythons) -> list[Line]:
    lines = [Line(f"Python {found.own.value}", found.own.where)]
    for version, python in found.others.items():
        lines.append(Line(f"Python {python} for {version}", f"it does not run on {found.own.value}"))
    return lines


def _nox(root: Path, sources: Sequence[Source], *, with_nox: bool) -> tuple[bool, str]:
    """Return whether a noxfile is to be written, and what the one that there is lacks."""
    path = root / "noxfile.py"
    content = writing.read(path)
    if content is None:
        return with_nox or bool(needs.uses_nox(root, sources)), ""
    return False, "" if _IMPORTED.search(content) else writing.LINE


def _is_named(one: Found, table: Mapping[str, Any]) -> bool:
    """Return whether some table is about what was found."""
    tables = table.get("models")
    named = [inner for inner in tables.values() if isinstance(inner, Mapping)] if isinstance(tables, Mapping) else []
    return any(_about(inner) & _about(one.settings) for inner in named)


def _about(settings: Mapping[str, Any]) -> frozenset[str]:
    """Return what a table is about: its script or module, its function, its file."""
    words = settings.get("command") or ()
    script = words[2:3] if list(words[1:2]) == ["-m"] else words[1:2]
    return frozenset({*script, *(settings[key] for key in ("model", "file") if key in settings)})


def _nothing(listing: Listing, found: Sequence[Found]) -> UserError:
    seen = "; ".join(f"{one.path} {one.why}" for one in found[:3])
    beside = f" ({seen})" if seen else ""
    return UserError(
        f"no model was found among the {len(listing.names)} files of {listing.root}{beside}: no Python file or "
        "notebook that imports TensorFlow or Keras and trains, no module with functions build and data, and no "
        f"saved model ({', '.join(suffixes())}, or a folder with saved_model.pb); write a table by hand, "
        '[tool.tfmatrix.models.NAME] with command = ["python", "train.py"], into pyproject.toml.'
    )
