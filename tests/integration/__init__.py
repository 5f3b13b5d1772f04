"""Tests of the main job on real TensorFlow releases."""
