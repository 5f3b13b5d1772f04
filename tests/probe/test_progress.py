"""How far a replay came, and which ops are the probe's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from .adopted import progress, unseen


def test_the_op_that_is_replayed_last_is_told(tmp_path: Path) -> None:
    """Each note takes the place of the one before, however long its number was."""
    with progress.Progress(str(tmp_path)) as noted:
        noted.at(1234)
        noted.at(7)
    assert progress.where(str(tmp_path)) == "op 7"


def test_a_trial_that_replayed_nothing_ended_at_no_op(tmp_path: Path) -> None:
    """Before its first op, and where it never was to replay any."""
    assert progress.where(str(tmp_path)) == ""
    with progress.Progress(str(tmp_path)):
        pass
    assert progress.where(str(tmp_path)) == ""


def test_ops_of_the_probes_own_are_told_while_they_run() -> None:
    """Within one another too, and not behind one that fails."""
    with unseen.running():
        with unseen.running():
            assert unseen.under_way()
        assert unseen.under_way()
    assert not unseen.under_way()
    with pytest.raises(ValueError, match="fails"), unseen.running():
        raise ValueError("fails")
    assert not unseen.under_way()
