"""The recipes: what people put in front of their model so that it gives the same result twice, as text to paste.

The text is what a trial runs and what `tfmatrix advise` prints. A name that it defines and that a model's function
takes as a parameter is handed to the model: ``initializer``, ``dropout``, ``order``, ``op_seed``. A graph's session
takes ``config``, and ``after_building`` is called once the graph is there.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from tfmatrix.questions.recipes.scripts import CORE, MODELS, Recipe, Script

_KERAS, _GRAPHS = CORE["tf2"], CORE["v1"]
_SEEDED = ("set-random-seed", "set-random-seed-determinism")
_GRAPH_MENDS = ("v1-fresh-graph-seed", "v1-op-seeds")

_RECIPES = (
    Recipe("none", "Nothing is set, and nothing is claimed.", "import tensorflow as tf\n", ("keras-mlp",), _SEEDED),
    Recipe(
        "tensorflow-seed",
        "`tf.random.set_seed` is TensorFlow's global seed, so everything in TensorFlow is seeded.",
        """\
import tensorflow as tf

tf.random.set_seed(42)
""",
        ("keras-mlp", "keras-mlp-given-rows"),
        _SEEDED,
    ),
    Recipe(
        "numpy-tensorflow-seeds",
        "NumPy's and TensorFlow's seeds are enough (the usual first snippet).",
        """\
import numpy as np
import tensorflow as tf

np.random.seed(42)
tf.random.set_seed(42)
""",
        ("keras-mlp",),
        ("all-seeds", *_SEEDED),
    ),
    Recipe(
        "numpy-tensorflow-determinism",
        "With op determinism on, NumPy's and TensorFlow's seeds are enough (the usual third snippet).",
        """\
import numpy as np
import tensorflow as tf

np.random.seed(42)
tf.random.set_seed(42)
tf.config.experimental.enable_op_determinism()
""",
        ("keras-mlp",),
        ("all-seeds-determinism", "set-random-seed-determinism"),
    ),
    Recipe(
        "all-seeds",
        "Python's, NumPy's and TensorFlow's seeds together are enough.",
        """\
import random

import numpy as np
import tensorflow as tf

random.seed(42)
np.random.seed(42)
tf.random.set_seed(42)
""",
        _KERAS,
        ("all-seeds-determinism", "set-random-seed-determinism"),
    ),
    Recipe(
        "all-seeds-determinism",
        "The three seeds, and every operation deterministic.",
        """\
import random

import numpy as np
import tensorflow as tf

random.seed(42)
np.random.seed(42)
tf.random.set_seed(42)
tf.config.experimental.enable_op_determinism()
""",
        _KERAS,
        ("set-random-seed-determinism",),
    ),
    Recipe(
        "set-random-seed",
        "Keras's one call sets Python's, NumPy's and TensorFlow's seeds.",
        """\
import tensorflow as tf

tf.keras.utils.set_random_seed(42)
""",
        (*_KERAS, "keras-mlp-given-rows", "dropout-masks"),
        ("set-random-seed-determinism",),
    ),
    Recipe(
        "set-random-seed-determinism",
        "What TensorFlow's documentation recommends: one call for all seeds, and op determinism.",
        """\
import tensorflow as tf

tf.keras.utils.set_random_seed(42)
tf.config.experimental.enable_op_determinism()
""",
        _KERAS,
    ),
    Recipe(
        "layer-seeds",
        "Every initializer has its own `seed=`, so no global seed is needed.",
        """\
import tensorflow as tf

def initializer(number):  # Dense(10, kernel_initializer=initializer(1))
    return tf.keras.initializers.GlorotUniform(seed=number)
""",
        ("keras-mlp-given-rows",),
        ("layer-seeds-own-order", "set-random-seed"),
    ),
    Recipe(
        "layer-seeds-own-order",
        "Every initializer has its own `seed=`, and NumPy shuffles the rows in the place of `fit(shuffle=True)`.",
        """\
import numpy as np
import tensorflow as tf

def initializer(number):  # Dense(10, kernel_initializer=initializer(1))
    return tf.keras.initializers.GlorotUniform(seed=number)

def order(rows):  # model.fit(x[order(rows)], y[order(rows)], shuffle=False)
    return np.random.RandomState(42).permutation(rows)
""",
        ("keras-mlp-given-rows",),
        ("set-random-seed",),
    ),
    Recipe(
        "dropout-seed",
        "A dropout layer with its own `seed=` drops the same every time, so no global seed is needed.",
        """\
import tensorflow as tf

def dropout(number):  # in the place of tf.keras.layers.Dropout(0.5)
    return tf.keras.layers.Dropout(0.5, seed=number)
""",
        ("dropout-masks",),
        ("set-random-seed",),
    ),
    Recipe(
        "numpy-shuffle",
        "A NumPy generator with a seed of its own shuffles the same way every time.",
        """\
import numpy as np

def order(rows):
    return np.random.RandomState(42).permutation(rows)
""",
        ("row-order",),
        ("dataset-shuffle-seed",),
    ),
    Recipe(
        "dataset-shuffle",
        "`tf.data` shuffles; nothing is said of seeds.",
        """\
import tensorflow as tf

def order(rows):
    return tf.data.Dataset.from_tensor_slices(rows).shuffle(100)
""",
        ("row-order",),
        ("dataset-shuffle-seed", "dataset-shuffle-global-seed", "numpy-shuffle"),
    ),
    Recipe(
        "dataset-shuffle-seed",
        "`tf.data` shuffles the same way every time with `seed=` alone.",
        """\
import tensorflow as tf

def order(rows):
    return tf.data.Dataset.from_tensor_slices(rows).shuffle(100, seed=42)
""",
        ("row-order",),
        ("dataset-shuffle-global-seed", "numpy-shuffle"),
    ),
    Recipe(
        "dataset-shuffle-global-seed",
        "`tf.data` shuffles the same way every time once `tf.random.set_seed` was called.",
        """\
import tensorflow as tf

tf.random.set_seed(42)

def order(rows):
    return tf.data.Dataset.from_tensor_slices(rows).shuffle(100)
""",
        ("row-order",),
        ("numpy-shuffle",),
    ),
    Recipe(
        "v1-none",
        "Nothing is set, and nothing is claimed.",
        """\
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
""",
        _GRAPHS,
        ("v1-graph-seed", *_GRAPH_MENDS),
    ),
    Recipe(
        "v1-snippet-as-written",
        "NumPy's seed and `tf.random.set_seed` under `tensorflow.compat.v1` (the usual second snippet).",
        """\
import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
np.random.seed(42)
tf.random.set_seed(42)
""",
        ("v1-linear",),
        ("v1-graph-seed", *_GRAPH_MENDS),
    ),
    Recipe(
        "v1-graph-seed",
        "The graph's seed, set before the model is built, is enough.",
        """\
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
tf.set_random_seed(42)
""",
        _GRAPHS,
        _GRAPH_MENDS,
    ),
    Recipe(
        "v1-seed-after-operations",
        "The graph's seed is enough where some operations exist already, none of them random.",
        """\
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
constants = [tf.constant(number) for number in range(5)]
tf.set_random_seed(42)
""",
        _GRAPHS,
        _GRAPH_MENDS,
    ),
    Recipe(
        "v1-seed-after-model",
        "The graph's seed may be set once the model is built, before it is run.",
        """\
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

def after_building():  # called between the model and the session
    tf.set_random_seed(42)
""",
        _GRAPHS,
        ("v1-graph-seed", *_GRAPH_MENDS),
    ),
    Recipe(
        "v1-single-thread",
        "The graph's seed, and a session of one thread.",
        """\
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
tf.set_random_seed(42)
config = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)  # tf.Session(config=config)
""",
        _GRAPHS,
        _GRAPH_MENDS,
    ),
    Recipe(
        "v1-fresh-graph-seed",
        "An empty graph, and its seed: what was built before no longer counts.",
        """\
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
tf.reset_default_graph()
tf.set_random_seed(42)
""",
        _GRAPHS,
        ("v1-op-seeds",),
    ),
    Recipe(
        "v1-op-seeds",
        "The graph's seed, and a seed for every random operation.",
        """\
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
tf.set_random_seed(42)

def op_seed(number):  # tf.random_normal(shape, seed=op_seed(1)), another number for each random operation
    return number
""",
        _GRAPHS,
    ),
)

SEED = 42
"""The seed in the recipes' texts, where no number means anything else."""

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in _RECIPES}
"""By name, in the order of the report."""


@cache
def scripts(seed: int = SEED) -> tuple[Script, ...]:
    """Return every recipe, with a seed, in front of every model that it is tried on, models outermost."""
    seeded = [replace(recipe, code=recipe.code.replace(str(SEED), str(seed))) for recipe in RECIPES.values()]
    return tuple(Script(recipe, model) for model in MODELS.values() for recipe in seeded if model.name in recipe.models)
