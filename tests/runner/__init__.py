"""Tests of the runner, with a program in the probe's place where TensorFlow would be."""
