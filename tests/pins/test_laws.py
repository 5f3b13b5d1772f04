"""What holds for every requirement file: only what pins changes, and pinning back restores every byte."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tfmatrix import pins
from tfmatrix.errors import UserError

from .generating import (
    VERSIONS,
    PinLine,
    Template,
    conda_files,
    digests,
    filled,
    pinned,
    pipfiles,
    projects,
    pyprojects,
)
from .projects import find_pins, read, write

HASHES = st.fixed_dictionaries({name: digests() for name in VERSIONS})
Hashes = Mapping[str, Sequence[str]]


@contextmanager
def written(project: Mapping[str, Template], at: int, hashes: Hashes) -> Iterator[Path]:
    """Write a project for the old (0) or new (1) versions into a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), {name: file.render(at, hashes) for name, file in project.items()})
        yield Path(folder)


def pin(root: Path, at: int, hashes: Hashes) -> None:
    """Pin the old (0) or new (1) versions; the hashes of every distribution of TensorFlow are the same here."""
    known = {**hashes, "tensorflow-cpu": hashes["tensorflow"]}
    versions = {name: both[at] for name, both in VERSIONS.items()}
    pins.apply(pins.plan_changes(root, versions, known))


@settings(max_examples=10)  # files are written
@given(projects(), HASHES, HASHES)
def test_only_what_pins_changes_and_pinning_back_restores_every_byte(
    project: dict[str, Template], old: Hashes, new: Hashes
) -> None:
    """Versions and hashes change in every file that is named, no other byte does, and all of it can be undone."""
    assume("tensorflow" in pinned(project))
    with written(project, 0, old) as root:
        before = read(root)
        pin(root, 1, new)
        assert read(root) == {name: file.render(1, new) for name, file in sorted(project.items())}
        pin(root, 0, old)
        assert read(root) == before


@settings(max_examples=10)  # files are written
@given(projects(), HASHES)
def test_every_pin_is_found_at_its_line(project: dict[str, Template], hashes: Hashes) -> None:
    """What is found is what was written: file, line, name and version of each pin, once, in order."""
    expected = []
    for name, file in sorted(project.items(), key=lambda item: Path(item[0])):
        number = 1
        for line in file.lines:
            if isinstance(line, PinLine):
                spelled = line.spelling.lower().replace("_", "-")
                expected.append((name, spelled, VERSIONS[line.name][0], f"line {number}"))
            text = line.render(0, hashes) if isinstance(line, PinLine) else line
            number += text.count("\n") + 1
    with written(project, 0, hashes) as root:
        found = find_pins(root)
        assert [(str(pin.path.relative_to(root)), pin.name, pin.version, pin.where) for pin in found] == expected


@settings(max_examples=10)  # files are written
@given(projects(), HASHES)
def test_pinning_what_is_pinned_changes_nothing(project: dict[str, Template], hashes: Hashes) -> None:
    """A project that pins the wanted versions needs no edit, whatever its hashes are."""
    assume("tensorflow" in pinned(project))
    with written(project, 1, hashes) as root:
        changes = pins.plan_changes(root, {name: both[1] for name, both in VERSIONS.items()}, {})
        assert changes.edits == ()
        assert pins.unified_diff(changes) == ""


@settings(max_examples=10)  # files are written
@given(projects(), HASHES, st.data())
def test_a_project_with_one_line_that_cannot_move_is_left_alone(
    project: dict[str, Template], hashes: Hashes, data: st.DataObject
) -> None:
    """One range in any of the files that does not admit the new version, and there is no plan at all."""
    assume("tensorflow" in pinned(project))
    name = data.draw(st.sampled_from(sorted(project)))
    file = project[name]
    lines = (*file.lines, "tensorflow<2.16")
    project[name] = Template(lines, file.newline, file.mark, file.codec, file.last_newline)
    with written(project, 0, hashes) as root:
        before = read(root)
        with pytest.raises(
            UserError, match=rf"{name}, line \d+: 'tensorflow<2\.16' does not admit tensorflow 2\.21\.0"
        ):
            pin(root, 1, hashes)
        assert read(root) == before


@settings(max_examples=30)
@given(
    st.tuples(st.just("pyproject.toml"), pyprojects())
    | st.tuples(st.sampled_from(["environment.yml", "environment-gpu.yaml"]), conda_files())
    | st.tuples(st.just("Pipfile"), pipfiles()),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
def test_in_toml_and_yaml_too_only_versions_change(drawn: tuple[str, str], newline: str, mark: bytes) -> None:
    """Whatever quotes, comments and other values there are, the pins' versions change, and back, and no other byte."""
    name, text = drawn
    assume("<tensorflow>" in text)
    old, new = (mark + filled(text, at).replace("\n", newline).encode() for at in (0, 1))
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), {name: old})
        pin(Path(folder), 1, {"tensorflow": []})
        assert read(Path(folder)) == {name: new}
        pin(Path(folder), 0, {"tensorflow": []})
        assert read(Path(folder)) == {name: old}
