"""What is run: a recipe's text in front of a model's text; and the models."""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

MODELS_FOLDER = Path(__file__).parent / "models"


@dataclass(frozen=True)
class RecipeModel:
    """What a recipe is tried on."""

    name: str
    mode: str
    what: str
    file: str
    options: tuple[tuple[str, object], ...] = ()
    """Arguments of its function."""
    like: str = ""
    """The model that has the same arithmetic, and is tried under what was never promised in its place."""

    @cached_property
    def source(self) -> str:
        """Return the text of its file."""
        return (MODELS_FOLDER / self.file).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Recipe:
    """A small named set-up."""

    name: str
    claim: str
    """What whoever uses it believes, in one line."""
    code: str
    models: tuple[str, ...]
    """What it is tried on."""
    mends: tuple[str, ...] = ()
    """Recipes to try where it does not reproduce, shortest first."""

    @cached_property
    def length(self) -> int:
        """Return how many statements it has besides imports: by this one recipe is shorter than another."""
        return sum(
            1
            for node in ast.walk(ast.parse(self.code))
            if isinstance(node, ast.stmt) and not isinstance(node, ast.Import | ast.ImportFrom)
        )

    @property
    def deterministic(self) -> bool:
        """Return whether it switches op determinism on."""
        return "enable_op_determinism()" in self.code


@dataclass(frozen=True)
class Script:
    """One recipe in front of one model."""

    recipe: Recipe
    model: RecipeModel

    @property
    def name(self) -> str:
        """Return what this pair is called: ``set-random-seed[keras-mlp]``."""
        return f"{self.recipe.name}[{self.model.name}]"

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of everything that it runs."""
        parts = (self.recipe.name, self.recipe.code, self.model.source, repr(self.model.options), self.model.mode)
        return hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()


MODELS: dict[str, RecipeModel] = {
    model.name: model
    for model in (
        RecipeModel(
            "keras-mlp",
            "tf2",
            "Keras `compile` and `fit`: Dense(10, relu), Dense(1), Adam, MSE, 10 epochs of 100 rows that NumPy draws",
            "keras_mlp.py",
        ),
        RecipeModel(
            "keras-mlp-given-rows",
            "tf2",
            "the same network on rows that are the same every time, as though read from a file",
            "keras_mlp.py",
            (("given_rows", True),),
            like="keras-mlp",
        ),
        RecipeModel(
            "parallel-map", "tf2", "`tf.data` with a parallel map that draws random numbers", "parallel_map.py"
        ),
        RecipeModel("dropout-masks", "tf2", "the masks of a Keras `Dropout(0.5)` in three calls", "dropout_masks.py"),
        RecipeModel("row-order", "tf2", "the order of 100 rows in two epochs", "row_order.py"),
        RecipeModel(
            "v1-linear", "v1", "a linear regression with random initial weights in a `Session`", "v1_linear.py"
        ),
        RecipeModel("v1-mlp", "v1", "a hidden layer with dropout and Adam in a `Session`", "v1_mlp.py"),
    )
}
"""By name, in the order of the report."""

CORE: dict[str, tuple[str, ...]] = {"tf2": ("keras-mlp", "parallel-map"), "v1": ("v1-linear", "v1-mlp")}
"""By mode, the models that a recipe has to make reproduce before it is advised."""
