"""What is mutated, and which tests have to notice: the one place to change where files move."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """Sources to mutate and their unit tests, the quickest first: paths from the root, a folder with all below it."""

    name: str
    sources: tuple[str, ...]
    tests: tuple[str, ...]


GROUPS = (
    Group("compare", ("src/tfmatrix/compare",), ("tests/compare", "tests/report", "tests/test_matrix.py")),
    Group("gate", ("src/tfmatrix/gate",), ("tests/gate",)),
    Group("store", ("src/tfmatrix/store.py",), ("tests/test_store.py", "tests/test_upkeep.py", "tests/test_matrix.py")),
    Group("keys", ("src/tfmatrix/fingerprints.py",), ("tests/test_plan.py", "tests/test_store.py", "tests/compare")),
    Group(
        "probe",
        (
            "src/tfmatrix/probe/canonical.py",
            "src/tfmatrix/probe/evidence.py",
            "src/tfmatrix/probe/fingerprint.py",
            "src/tfmatrix/probe/loading.py",
            "src/tfmatrix/probe/messages.py",
            "src/tfmatrix/probe/recorder.py",
        ),
        ("tests/probe", "tests/test_plan.py"),
    ),
)
