"""tfmatrix: what moving from one TensorFlow release to another does to a model's numbers, bit for bit."""

from importlib.metadata import version

__version__ = version("tfmatrix")
