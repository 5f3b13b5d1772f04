"""tfmatrix: what moving from one TensorFlow release to another does to a model's numbers, bit for bit."""

TYPE_CHECKING = False

if TYPE_CHECKING:
    from pathlib import Path

    from tfmatrix.questions.matrix.frames import Frames

__version__: str

if not TYPE_CHECKING:  # types know one name alone

    def __getattr__(name: str) -> str:
        """Return the version once it is asked for: ``python -m`` runs this before a project's folder is left out."""
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib.metadata import version  # noqa: PLC0415  # it imports half of the standard library

        return version("tfmatrix")


def record(name: str, tensor: object) -> None:
    """Have a trial write down a tensor, or a structure of tensors, under a name, as the stage ``recorded@step/name``.

    A script may call it eagerly, in a `tf.function` and in a v1 graph. Outside of a trial it does nothing.
    """
    del name, tensor  # a trial has a module of this name of its own: probe/recorded.py


def load(path: "str | Path" = "reports/matrix.json") -> "Frames":
    """Return the report of a `matrix.json`, or of the folder that it lies in, as pandas DataFrames.

    They are `cells`, `stages`, `ends` and `environments`, and are joined by the column ``cell``. Raises
    ``tfmatrix.errors.UserError``, which says what is wrong in one sentence, where there is no report to read.
    """
    from tfmatrix.questions.matrix.frames import load as loaded  # noqa: PLC0415  # pandas takes a second

    return loaded(path)
