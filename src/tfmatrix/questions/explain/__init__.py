<<<<<<< HEAD
"""Explain: why a cell changed, whose change it is, and what undoes it."""

from tfmatrix.questions.explain.said import Place, said

__all__ = ["Place", "said"]
=======
"""Explain: which layer, op and kernel changed between two releases, and how far each moved the numbers."""
>>>>>>> aaaf371243f1d562e6e9b5b881e3acf9e2257fac
