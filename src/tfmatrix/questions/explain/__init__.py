"""Explain: why a cell changed, whose change it is, which operations it is made of, and what undoes it."""
