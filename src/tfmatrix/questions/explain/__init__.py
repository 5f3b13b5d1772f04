"""Explain: why a cell changed, whose change it is, and what undoes it."""
