"""A module that cannot be imported."""

UPDATES = 3 / 0
