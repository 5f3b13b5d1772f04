"""tfmatrix: what moving from one TensorFlow release to another does to a model's numbers, bit for bit."""

from importlib.metadata import version

__version__ = version("tfmatrix")


def record(name: str, tensor: object) -> None:
    """Have a trial write down a tensor, or a structure of tensors, under a name, as the stage ``recorded@step/name``.

    A script may call it eagerly, in a `tf.function` and in a v1 graph. Outside of a trial it does nothing.
    """
    del name, tensor  # a trial has a module of this name of its own: probe/recorded.py
