"""A module with a name that others have too."""

UPDATES = 3
