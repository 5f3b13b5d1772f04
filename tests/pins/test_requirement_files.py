"""Requirement and constraint files: what is taken from them, what is changed, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tfmatrix import pins
from tfmatrix.errors import UserError

from .projects import HASHES, NEW, OLD_HASH, find_pins, found, read, repin, write

B, C = HASHES["tensorflow"]


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("tensorflow==2.15.1", "tensorflow==2.21.0"),
        ("tensorflow===2.15.1", "tensorflow===2.21.0"),
        ("TensorFlow [and-cuda] == 2.15.1 ; python_version>'2.15.1'", None),
        ("tensorflow (==2.15.1)", "tensorflow (==2.21.0)"),
        ("\ttensorflow-cpu\t==\t2.15.1\t# not 2.15.1", "\ttensorflow-cpu\t==\t2.21.0\t# not 2.15.1"),
        ("tensorflow==2.15.1,!=2.15.0", "tensorflow==2.21.0,!=2.15.0"),
        ("tensorflow \\\n  == \\\n  2.15.1", "tensorflow \\\n  == \\\n  2.21.0"),
        ("tensorflow==2.15.1 \\\n# the end", "tensorflow==2.21.0 \\\n# the end"),
        ("tensorflow==2.15.1 --config-settings=a=2.15.1", "tensorflow==2.21.0 --config-settings=a=2.15.1"),
        ("tensorflow==2.15", "tensorflow==2.21.0"),
        ("\\\n\\tensorflow==2.15.1\\\\\n\\\n", "\\\n\\tensorflow==2.21.0\\\\\n\\\n"),
        ("tensorflow==2.15.1\u00a0", "tensorflow==2.21.0\u00a0"),
        ("numpy==1.26.4\x0ctensorflow==2.15.1\r", "numpy==2.2.6\x0ctensorflow==2.21.0\r"),
    ],
)
def test_every_way_to_write_one_version_is_changed_in_place(tmp_path: Path, line: str, changed: str | None) -> None:
    """Spaces, extras, parentheses, other clauses, markers, comments and continued lines stay as they are."""
    expected = changed or line.replace("== 2.15.1", "== 2.21.0")
    assert repin(tmp_path, line) == expected


def test_a_continued_line_has_the_number_of_its_first(tmp_path: Path) -> None:
    """A line that begins with nothing but its continuation counts from there, as pip counts."""
    write(tmp_path, {"requirements.txt": "# x\n\n\\\n  \\\ntensorflow==2.15.1"})
    assert found(tmp_path) == [("requirements.txt", "line 3", "tensorflow", "2.15.1")]


def test_hashes_take_the_form_of_those_that_were_there(tmp_path: Path) -> None:
    """One hash becomes two, parted as the first was from the requirement, with the file's line ends."""
    before = f"tensorflow==2.15.1 \\\r\n    --hash={OLD_HASH}\r\n    # via 2.15.1\r\nabsl-py==1 --hash={OLD_HASH}\r\n"
    after = before.replace("2.15.1 \\", "2.21.0 \\").replace(OLD_HASH, f"{B} \\\r\n    --hash={C}", 1)
    assert repin(tmp_path, before) == after


def test_hashes_in_quotes_and_behind_spaces_stay_so(tmp_path: Path) -> None:
    """Each option keeps its own spelling, and what stands behind the hashes stays there."""
    before = f"tensorflow==2.15.1 --hash '{OLD_HASH}'  --hash=\"{OLD_HASH}\" --hash={OLD_HASH}\t# why"
    assert repin(tmp_path, before) == f"tensorflow==2.21.0 --hash '{B}'  --hash=\"{C}\"\t# why"


def test_hashes_that_are_not_known_are_refused(tmp_path: Path) -> None:
    """A line with hashes is not pinned to a release whose hashes the lock has not, such as another distribution's."""
    with pytest.raises(UserError, match=r"requirements\.txt, line 1: .* has hashes, .* none of tensorflow-cpu"):
        repin(tmp_path, f"tensorflow-cpu==2.15.1 --hash={OLD_HASH}")


def test_options_between_hashes_are_refused(tmp_path: Path) -> None:
    """Where something else stands between two hashes, no hash could be left out."""
    with pytest.raises(UserError, match="line 1: other options stand between the hashes"):
        repin(tmp_path, f"tensorflow==2.15.1 --hash={OLD_HASH} --global-option=x --hash={OLD_HASH}")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("tensorflow~=2.15.0", "not pinned to one version: requirements.txt, line 2, says 'tensorflow~=2.15.0'"),
        ("tensorflow==2.15.*", "line 2, says 'tensorflow==2.15.*'"),
        ("tensorflow>=2.15,<2.16", "line 2, says 'tensorflow>=2.15,<2.16'"),
        ("tensorflow", "line 2, says 'tensorflow'"),
        ("tensorflow==2.15.1,==2.15.0", "line 2, says 'tensorflow==2.15.1,==2.15.0'"),
        ("tensorflow @ https://example.org/2.15.1.whl", "line 2, says 'tensorflow @ https://example.org/2.15.1.whl'"),
        (
            "./wheels/tensorflow_cpu-2.15.1-cp310-cp310-manylinux_2_17_x86_64.whl",
            "line 2, says './wheels/tensorflow_cpu",
        ),
        ("https://example.org/tensorflow-2.15.1.tar.gz", "line 2, says 'https://example.org/tensorflow-2.15.1.tar.gz'"),
        ("-e git+https://example.org/tensorflow@v2.15.1#egg=tensorflow", "line 2, says 'git+https://example.org"),
        ("tensorflow=2.15.1", "requirements.txt, line 2: 'tensorflow=2.15.1' cannot be read"),
        ("tensorflow==${VERSION}", "requirements.txt, line 2: 'tensorflow==${VERSION}' cannot be read"),
        ("tensorflow==2.15.1#no comment", "requirements.txt, line 2: 'tensorflow==2.15.1#no comment' cannot be read"),
        ("-r", "requirements.txt, line 2: '-r' cannot be read"),
        ("-r 'open", 'requirements.txt, line 2: "-r \'open" cannot be read'),
        ("-r a\0b", "requirements.txt, line 2: there is a NUL character"),
        ("-r nothing.txt", "nothing.txt, which requirements.txt, line 2 names, cannot be read: No such file"),
    ],
)
def test_what_is_no_pin_is_said_with_file_and_line(tmp_path: Path, line: str, says: str) -> None:
    """A range, an address, a bare name and what cannot be read are neither a pin nor passed over."""
    write(tmp_path, {"requirements.txt": f"absl-py==2.15.1\n{line}\n"})
    with pytest.raises(UserError, match=re.escape(says)):
        pins.plan_changes(tmp_path, NEW, HASHES)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("tensorflow<2.16", "line 2: 'tensorflow<2.16' does not admit tensorflow 2.21.0"),
        ("numpy<2", "line 2: 'numpy<2' does not admit numpy 2.2.6"),
        ("keras==2.15.0,<3", "line 2: 'keras==2.15.0,<3' does not admit keras 3.12.0"),
        ("tensorflow==2.15.1+nv23.11", "line 2: 'tensorflow==2.15.1+nv23.11' is a local build"),
        ("tensorflow-gpu==2.15.1", "tensorflow-gpu has no release after 2.11"),
        ("tensorflow-macos==2.15.1", "tensorflow-macos has no release after 2.16"),
        (
            "tensorflow @ https://example.org/2.15.1.whl",
            "line 2: 'tensorflow @ https://example.org/2.15.1.whl' is an address",
        ),
        ("keras==2.15\\\n.0", "line 2: the version in 'keras==2.15.0' cannot be changed"),
    ],
)
def test_a_line_beside_the_pin_that_cannot_follow_is_refused(tmp_path: Path, line: str, says: str) -> None:
    """What would contradict the new pin, or cannot be changed, stops the plan."""
    pin = "numpy>1" if "nv23" in line else "tensorflow==2.15.1"
    write(tmp_path, {"requirements.txt": f"{pin}\n{line}\n"})
    with pytest.raises(UserError, match=re.escape(says)):
        pins.plan_changes(tmp_path, NEW, HASHES)


def test_several_pins_by_marker_are_refused_with_their_lines(tmp_path: Path) -> None:
    """Two versions for two Pythons are neither one baseline nor one pin."""
    lines = 'tensorflow==2.10.1; python_version < "3.8"\ntensorflow==2.15.1; python_version >= "3.8"\n'
    write(tmp_path, {"requirements.txt": lines})
    says = r"2\.10\.1 in requirements\.txt, line 1; tensorflow 2\.15\.1 in requirements\.txt, line 2"
    with pytest.raises(UserError, match=says):
        pins.plan_changes(tmp_path, NEW, HASHES)


def test_distributions_with_one_version_for_several_systems_move_together(tmp_path: Path) -> None:
    """Lines that name TensorFlow's distributions by marker are one pin as long as their versions agree."""
    lines = "tensorflow==2.15.1; sys_platform != 'linux'\ntensorflow-cpu==2.15.1; sys_platform == 'linux'\n"
    assert repin(tmp_path, lines) == lines.replace("2.15.1", "2.21.0")


def test_files_are_followed_and_read_once(tmp_path: Path) -> None:
    """Files named with -r and -c count from where they are named, in circles and under two names as well."""
    write(tmp_path, {
        "requirements.txt": "-r requirements/base.txt\n-c 'my limits.txt' # 2.15.1\n-r https://example.org/x.txt\n",
        "requirements/base.txt": "-r../requirements.txt\n--requirement=deep/er.pip\nkeras==2.15.0\n",
        "requirements/deep/er.pip": "numpy==1.26.4",
        "my limits.txt": "tensorflow==2.15.1\n",
    })  # fmt: skip
    (tmp_path / "constraints.txt").symlink_to("my limits.txt")
    assert found(tmp_path) == [
        ("my limits.txt", "line 1", "tensorflow", "2.15.1"),
        ("requirements/base.txt", "line 3", "keras", "2.15.0"),
        ("requirements/deep/er.pip", "line 1", "numpy", "1.26.4"),
    ]


def test_source_files_of_compilers_are_read_too(tmp_path: Path) -> None:
    """What pip-compile makes requirement files from is edited with them."""
    write(tmp_path, {"requirements.in": "tensorflow==2.15.1", "requirements/dev.in": "tensorflow==2.15.1\nnumpy"})
    pins.apply(pins.plan_changes(tmp_path, NEW, HASHES))
    assert read(tmp_path) == {
        "requirements.in": b"tensorflow==2.21.0",
        "requirements/dev.in": b"tensorflow==2.21.0\nnumpy",
    }


def test_a_declared_encoding_is_heeded(tmp_path: Path) -> None:
    """A comment in the first two lines may name the encoding, as pip has it."""
    before = "# x\n# -*- coding: latin-1 -*-\n# caf\xe9\ntensorflow==2.15.1\n".encode("latin-1")
    write(tmp_path, {"requirements.txt": before})
    pins.apply(pins.plan_changes(tmp_path, NEW, HASHES))
    assert read(tmp_path)["requirements.txt"] == before.replace(b"2.15.1", b"2.21.0")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"numpy\n# caf\xe9\n", "requirements.txt, line 2: this is no utf-8 text"),
        (b"# coding: rot13\n", "requirements.txt: its comment names the encoding 'rot13'"),
        (b"# coding: utf-7\n# +AEE-\n", "requirements.txt: as utf-7 text this file cannot be written back unchanged"),
        (b"# coding: klingon\n", "requirements.txt: its comment names the encoding 'klingon'"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    """Bytes that are no text are said with their line."""
    write(tmp_path, {"requirements.txt": content})
    with pytest.raises(UserError, match=re.escape(says)):
        find_pins(tmp_path)
