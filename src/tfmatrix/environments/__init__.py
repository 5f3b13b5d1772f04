"""Environments: the catalogue of TensorFlow releases, their lock files, and finding and describing one."""
