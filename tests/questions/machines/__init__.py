"""Tests of machine classes."""
