"""Tests of tfmatrix.environments."""
