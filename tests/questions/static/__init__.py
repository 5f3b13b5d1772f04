"""Tests of the static answer."""
