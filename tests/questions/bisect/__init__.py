"""Tests of the bisects."""
