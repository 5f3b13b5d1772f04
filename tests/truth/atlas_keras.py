"""Run rows of Keras without tfmatrix: ``python atlas_keras.py RESULTS``.

RESULTS is a pickle: of each row its outputs and gradients by name, as dtype, shape and bits; or, as a text, what it
raises; of arguments, a text for each.
"""

from __future__ import annotations

import inspect
import pickle
import random
import sys
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

K, L = tf.keras, tf.keras.layers
SEED, THREADS = 1234, 2
B, H, W, C, N, M, T, KK, V, S = 3, 9, 7, 8, 7, 13, 5, 5, 11, 3
found: dict[str, Any] = {}
Inputs = Callable[[str], list[Any]]


def stream(name: str) -> Any:
    """Return the stream of one array."""
    return np.random.RandomState(zlib.crc32(name.encode("ascii")))


def uniform(name: str, *shape: int) -> Any:
    """Return numbers in [-2, 2)."""
    return tf.constant((stream(name).randint(-(2**20), 2**20, size=shape) * (2.0 / 2**20)).astype("float32"))


def positive(name: str, *shape: int) -> Any:
    """Return numbers in (0, 2]."""
    return tf.constant((stream(name).randint(1, 2**20 + 1, size=shape) * (2.0 / 2**20)).astype("float32"))


def unit(name: str, *shape: int) -> Any:
    """Return numbers in [0, 1)."""
    return tf.constant((stream(name).randint(0, 2**20, size=shape) * (1.0 / 2**20)).astype("float32"))


def below(name: str, limit: int, *shape: int) -> Any:
    """Return whole numbers below a limit."""
    return tf.constant(stream(name).randint(0, limit, size=shape).astype("int32"))


def bits(value: Any) -> tuple[str, tuple[int, ...], bytes]:
    """Return dtype, shape and bits."""
    if hasattr(value, "value") and not isinstance(value, tf.Tensor):
        value = value.value() if callable(value.value) else value.value
    array = np.asarray(value)
    return array.dtype.name, array.shape, array.tobytes()


def put(row: str, **values: Any) -> None:
    """Write down what a row makes."""
    found[row] = {name: bits(value) for name, value in values.items()}


def seed_all() -> None:
    """Have every generator begin anew."""
    random.seed(SEED)
    np.random.seed(SEED)
    tf.random.set_seed(SEED)
    K.utils.set_random_seed(SEED)


def attempt(row: str, run: Callable[[], None]) -> None:
    """Run a row, and write down what it raises; nothing where this release has no such class or function."""
    try:
        seed_all()
        run()
    except Exception as error:  # whatever this release raises
        if not (isinstance(error, AttributeError) and str(error).startswith("module ")):
            found[row] = f"{type(error).__name__}: {error}"


def layer(name: str, make: Callable[[], Any], inputs: Inputs, cases: str = "init forward training") -> None:
    """Run a layer: what it draws itself, and what it makes of given weights, in training with gradients."""
    for case in cases.split():
        row = f"keras.layers.{name}/{case}"
        attempt(row, partial(run_layer, make, inputs, case, row))


def run_layer(make: Callable[[], Any], inputs: Inputs, case: str, row: str) -> None:
    """Run one row of a layer."""
    made, given = make(), inputs(row)
    trains = "training" in inspect.signature(made.call).parameters
    made(*given, **({"training": False} if trains else {}))
    if case == "init":
        put(row, **{f"weight-{at}": one for at, one in enumerate(made.weights)})
        return
    for at, one in enumerate(made.weights):
        if "float" in str(one.dtype):
            fill = positive if "variance" in one.name else uniform
            one.assign(fill(f"{row}/weight-{at}", *one.shape) / 4)
    own = [one.value if hasattr(one, "value") and not callable(one.value) else one for one in made.weights]
    with tf.GradientTape() as tape:
        flat = [one for one in tf.nest.flatten(given) if one.dtype.is_floating]
        tape.watch(flat)
        result = made(*given, **({"training": case == "training"} if trains else {}))
    others = {f"weight-{at}": one for at, one in enumerate(made.weights) if not one.trainable}
    put(row, **{"0": result}, **(others if case == "training" else {}))
    if case == "training":
        name = row.partition("/")[0]
        above = stream(f"{name}/0").randint(-8, 8, size=result.shape) / 8.0
        sources = [*flat, *(one for one, kept in zip(own, made.weights) if kept.trainable)]  # noqa: B905  # Python 3.9
        try:
            taken = tape.gradient(result, sources, output_gradients=tf.constant(above.astype("float32")))
        except LookupError:  # an op that it is made of has none
            return
        gradients = [tf.convert_to_tensor(one) for one in taken if one is not None]
        put(f"{row}/gradient", **{str(at): one for at, one in enumerate(gradients)})


def image(row: str) -> list[Any]:
    """Return a batch of images with eight channels."""
    return [uniform(row + "/0", B, H, W, C)]


def series(row: str) -> list[Any]:
    """Return a batch of series."""
    return [uniform(row + "/0", B, T, C)]


def matrix(row: str) -> list[Any]:
    """Return a matrix."""
    return [uniform(row + "/0", N, M)]


def colours(row: str) -> list[Any]:
    """Return a batch of pictures."""
    return [unit(row + "/0", B, H, W, 3)]


def two_series(row: str) -> list[Any]:
    """Return two series of which one is attended to."""
    return [uniform(row + "/0", B, T, C), uniform(row + "/1", B, N, C)]


def layers() -> None:
    """Run layers."""
    for name, make, inputs in (
        ("BatchNormalization", L.BatchNormalization, image),
        ("LayerNormalization", L.LayerNormalization, image),
        ("Dense", lambda: L.Dense(5), matrix),
        ("Conv1D", lambda: L.Conv1D(3, 3), series),
        ("Conv2D", lambda: L.Conv2D(3, 3), image),
        ("Conv2DTranspose", lambda: L.Conv2DTranspose(3, 3), image),
        ("DepthwiseConv2D", lambda: L.DepthwiseConv2D(3), image),
        ("SeparableConv2D", lambda: L.SeparableConv2D(3, 3), image),
        ("LSTM", lambda: L.LSTM(5), series),
        ("GRU", lambda: L.GRU(5), series),
        ("SimpleRNN", lambda: L.SimpleRNN(5), series),
        ("PReLU", L.PReLU, matrix),
        ("MultiHeadAttention", lambda: L.MultiHeadAttention(2, 4), two_series),
        ("Embedding", lambda: L.Embedding(V, KK), lambda row: [below(row + "/0", V, N, M)]),
        ("ConvLSTM1D", lambda: L.ConvLSTM1D(3, 3), lambda row: [uniform(row + "/0", 2, 3, H, 4)]),
    ):
        layer(name, make, inputs)
    for name, make, inputs in (
        ("Dropout", lambda: L.Dropout(0.25, seed=SEED), matrix),
        ("GaussianNoise", lambda: L.GaussianNoise(0.5, seed=SEED), matrix),
        ("GaussianDropout", lambda: L.GaussianDropout(0.25, seed=SEED), matrix),
        ("RandomFlip", lambda: L.RandomFlip(seed=SEED), colours),
        ("RandomContrast", lambda: L.RandomContrast(0.25, seed=SEED), colours),
    ):
        layer(name, make, inputs, "forward training")
    for name, make, inputs in (
        ("LeakyReLU", L.LeakyReLU, matrix),
        ("Softmax", L.Softmax, matrix),
        ("Discretization", lambda: L.Discretization(bin_boundaries=[-1.0, 0.25, 1.0]), matrix),
        ("Resizing", lambda: L.Resizing(5, 4), colours),
        ("Rescaling", lambda: L.Rescaling(0.5), colours),
        ("AveragePooling2D", lambda: L.AveragePooling2D(2), image),
        ("MaxPooling2D", lambda: L.MaxPooling2D(2), image),
    ):
        layer(name, make, inputs, "forward")


def activations() -> None:
    """Run activations."""
    names = "gelu relu selu elu softplus softsign swish tanh sigmoid hard_sigmoid exponential mish softmax"
    for name in names.split():
        row = f"keras.activations.{name}/value"
        attempt(row, partial(activation, name, row))


def activation(name: str, row: str) -> None:
    """Run one activation."""
    put(row, **{"0": getattr(K.activations, name)(uniform(f"{row}/0", N, M))})


def losses() -> None:
    """Run losses."""
    names = "BinaryCrossentropy CategoricalCrossentropy MeanSquaredError Huber KLDivergence Poisson CosineSimilarity"
    for name in (*names.split(), "LogCosh", "MeanSquaredLogarithmicError", "Hinge", "CategoricalHinge"):
        row = f"keras.losses.{name}/value"
        attempt(row, partial(loss, name, row))


def loss(name: str, row: str) -> None:
    """Run one loss, of classes where it is for such."""
    classes = "inary" in name or "inge" in name
    target = tf.cast(below(row + "/0", 2, N, KK), "float32") if classes else unit(row + "/0", N, KK)
    put(row, **{"0": getattr(K.losses, name)()(target, unit(f"{row}/1", N, KK))})


def optimizers() -> None:
    """Run updates of optimizers, dense and sparse."""
    names = "Adam SGD RMSprop Adagrad Adamax Adadelta Nadam Ftrl AdamW Lion Adafactor"
    for name in names.split():
        for case in ("one", "three", "sparse-one", "sparse-three"):
            row = f"keras.optimizers.{name}/{case}"
            attempt(row, partial(update, name, case, row))


def update(name: str, case: str, row: str) -> None:
    """Apply one or three gradients; the first row of a sparse one comes twice."""
    optimizer = getattr(K.optimizers, name)()
    start = uniform(row + "/variable", V, KK)
    variable = getattr(K, "Variable", tf.Variable)(start, name="variable")
    sparse = case.startswith("sparse")
    for turn in range(3 if case.endswith("three") else 1):
        values = uniform(f"{row}/gradient-{turn}", S if sparse else V, KK)
        places = tf.constant([turn, 4 + turn, turn])
        optimizer.apply_gradients([(tf.IndexedSlices(values, places, start.shape) if sparse else values, variable)])
    put(row, variable=variable)


def initializers() -> None:
    """Run initializers."""
    names = "GlorotUniform HeNormal RandomNormal RandomUniform TruncatedNormal Orthogonal VarianceScaling Zeros Ones"
    for name in names.split():
        attempt(f"keras.initializers.{name}/draws", partial(initial, name))


def initial(name: str) -> None:
    """Draw a matrix and a filter."""
    kind = getattr(K.initializers, name)
    made = kind(**({"seed": SEED} if "seed" in inspect.signature(kind.__init__).parameters else {}))
    matrix, kernel = made([64, 48], dtype="float32"), made([3, 3, 8, 16], dtype="float32")
    put(f"keras.initializers.{name}/draws", matrix=matrix, filter=kernel)


def arguments() -> None:
    """Write down the arguments of every class and function with their defaults, where these are plain."""
    for place in ("layers", "optimizers", "losses", "metrics", "initializers", "activations", "regularizers"):
        for name, one in sorted(vars(getattr(K, place)).items()):
            if name.startswith("_") or not callable(one):
                continue
            try:
                parameters = inspect.signature(one.__init__ if inspect.isclass(one) else one).parameters
            except (TypeError, ValueError):
                continue
            found[f"keras.{place}.{name}/arguments"] = {
                at: "" if told.default is inspect.Parameter.empty else repr(told.default)
                for at, told in parameters.items()
                if at != "self" and told.kind not in (told.VAR_POSITIONAL, told.VAR_KEYWORD)
            }


def main() -> None:
    """Run every row."""
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    tf.config.experimental.enable_op_determinism()
    for some in (layers, activations, losses, optimizers, initializers, arguments):
        some()
    Path(sys.argv[1]).write_bytes(pickle.dumps(found))


if __name__ == "__main__":
    main()
