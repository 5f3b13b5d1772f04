"""Explain: why a cell changed, whose change it is, and what undoes it."""

from tfmatrix.questions.explain.said import Place, said

__all__ = ["Place", "said"]
