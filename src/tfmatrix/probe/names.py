"""Names that a model may look up in Keras, those of every release: so that a slip is told from what a release lacks.

They were listed in the environments of all fourteen releases, 2.8.4 to 2.21.0: the classes in `tf.keras.optimizers`
and its `legacy`, the parameters of their constructors, and the names for which `tf.keras.losses.get` returns something
to call. A name that the release itself has need not be here: that is asked first, so a later release is no mistake.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Sequence

from .outcomes import Unsupported

OPTIMIZERS = (
    "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion", "LossScaleOptimizer",
    "Muon", "Nadam", "RMSprop", "SGD",
)  # fmt: skip
"""Optimizers that any release has."""

SETTINGS = (
    "adam_beta_1", "adam_beta_2", "adam_lr_ratio", "amsgrad", "beta", "beta_1", "beta_2", "beta_2_decay",
    "centered", "clip_threshold", "clipnorm", "clipvalue", "decay", "dynamic_growth_steps", "ema_momentum",
    "ema_overwrite_frequency", "epsilon", "epsilon_1", "epsilon_2", "exclude_embeddings", "exclude_layers",
    "global_clipnorm", "gradient_accumulation_steps", "initial_accumulator_value", "initial_scale",
    "inner_optimizer", "jit_compile", "l1_regularization_strength", "l2_regularization_strength",
    "l2_shrinkage_regularization_strength", "learning_rate", "learning_rate_power", "loss_scale_factor", "lr",
    "momentum", "muon_a", "muon_b", "muon_c", "name", "nesterov", "ns_steps", "relative_step", "rho", "use_ema",
    "weight_decay",
)  # fmt: skip
"""What the constructor of any of them takes in any release."""

LOSSES = (
    "BCE", "BinaryCrossentropy", "BinaryFocalCrossentropy", "CTC", "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy", "CategoricalHinge", "Circle", "CosineSimilarity", "Dice", "Hinge", "Huber",
    "KLD", "KLDivergence", "LogCosh", "MAE", "MAPE", "MSE", "MSLE", "MeanAbsoluteError",
    "MeanAbsolutePercentageError", "MeanSquaredError", "MeanSquaredLogarithmicError", "Poisson",
    "SparseCategoricalCrossentropy", "SquaredHinge", "Tversky", "bce", "binary_crossentropy",
    "binary_focal_crossentropy", "categorical_crossentropy", "categorical_focal_crossentropy", "categorical_hinge",
    "circle", "cosine_similarity", "ctc", "dice", "hinge", "huber", "huber_loss", "kl_divergence", "kld",
    "kullback_leibler_divergence", "log_cosh", "logcosh", "mae", "mape", "mean_absolute_error",
    "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error", "mse", "msle",
    "poisson", "sparse_categorical_crossentropy", "squared_hinge", "tversky",
)  # fmt: skip
"""Losses that any release finds by their names."""


class Misspelt(Exception):
    """No release has a name; the message says which was looked up, and which is nearest."""


def absent(module: str, name: str, known: Sequence[str]) -> Exception:
    """Return the error that a release's module has no such name: Unsupported where another release has it."""
    if name in known:
        return Unsupported("this release has no {}.{}".format(module, name))
    return Misspelt("{} has no {!r}; {}".format(module, name, nearest(name, known)))


def nearest(name: str, known: Sequence[str]) -> str:
    """Return the question whether the name most like this one was meant; where none is, what there is."""
    lowered = {other.lower(): other for other in known}  # of MSE and mse the latter
    found = get_close_matches(name.lower(), lowered, n=1)
    return "did you mean {!r}?".format(lowered[found[0]]) if found else "there are {}".format(", ".join(known))
