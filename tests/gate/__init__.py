"""Tests of the gate, on stored results without TensorFlow."""
