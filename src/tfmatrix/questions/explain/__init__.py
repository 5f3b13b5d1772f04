"""Explain: which layer, op and kernel changed between two releases, and how far each moved the numbers."""
