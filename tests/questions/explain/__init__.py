"""Tests of what explains a difference: streams of ops, and kernels."""
