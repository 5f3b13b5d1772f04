"""Tests of finding, changing and writing pins."""
