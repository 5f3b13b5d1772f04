"""What the real package index offers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfmatrix.environments import catalogue
from tfmatrix.environments.offered import offers

pytestmark = pytest.mark.integration


def test_the_index_offers_every_release_of_the_catalogue_and_its_locks(tmp_path: Path) -> None:
    """Whatever is newer by then, what is known and locked is still there, with the Pythons that the catalogue says."""
    found = offers("tensorflow-cpu", tmp_path)
    pythons = {one.version: one.pythons for one in found.offers if one.package == "tensorflow-cpu"}
    assert set(catalogue.RELEASES) <= set(pythons)
    assert found.gone == ()
    for version in catalogue.RELEASES:
        assert all(catalogue.release(version).runs_on(python) for python in pythons[version]), version
    assert all(one.package == "tf-nightly-cpu" for one in found.offers if one.kind == "nightly")
