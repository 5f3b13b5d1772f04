"""Bisect: since which release, patch, candidate or nightly build a cell gives other results."""
