"""random_states: what stateless operations and generators draw from a given state; probes Philox and ThreeFry."""

import inspect

import tensorflow as tf

VARIANTS = {"v1": {"DRAW": "v1"}, "operations": {"DRAW": "operations"}, "generators": {"DRAW": "generators"}}
DRAW = "operations"
SEED = [3, 4]
SIZE = [4096]


def stateless():
    return {"v1": v1, "operations": operations, "generators": generators}[DRAW]()


def v1():
    random = tf.compat.v1.random
    return {
        "uniform": random.stateless_uniform(SIZE, SEED),
        "uniform_int": random.stateless_uniform(SIZE, SEED, 0, 1000, tf.int32),
        "normal": random.stateless_normal(SIZE, SEED),
        "truncated_normal": random.stateless_truncated_normal(SIZE, SEED),
        "categorical": random.stateless_categorical([[0.1, 0.5, 0.2]], SIZE[0], SEED),
    }


def operations():
    if not hasattr(getattr(tf.nn, "experimental", None), "stateless_dropout"):  # the last of these that came
        raise NotImplementedError("this release has no tf.nn.experimental.stateless_dropout")
    random = tf.random
    return {
        "uniform": random.stateless_uniform(SIZE, SEED),
        "uniform_int": random.stateless_uniform(SIZE, SEED, 0, 1000, tf.int32),
        "normal": random.stateless_normal(SIZE, SEED),
        "truncated_normal": random.stateless_truncated_normal(SIZE, SEED),
        "parameterized": random.stateless_parameterized_truncated_normal(SIZE, SEED, 0.0, 1.0, -1.0, 1.0),
        "gamma": random.stateless_gamma(SIZE, SEED, 1.5),
        "poisson": random.stateless_poisson(SIZE, SEED, 4.0),
        "binomial": random.stateless_binomial(SIZE, SEED, 10.0, 0.3),
        "categorical": random.stateless_categorical([[0.1, 0.5, 0.2]], SIZE[0], SEED),
        "split": random.experimental.stateless_split(SEED, SIZE[0]),
        "fold_in": random.experimental.stateless_fold_in(SEED, 9),
        "dropout": tf.nn.experimental.stateless_dropout(tf.ones(SIZE), 0.4, SEED),
    }


def generators():
    if not hasattr(tf.random, "Generator"):
        raise NotImplementedError("this release has no tf.random.Generator")
    if "jit_compile" not in inspect.signature(tf.function).parameters:
        raise NotImplementedError("this release has no jit_compile of tf.function")
    found = {}
    for algorithm, jit in (("philox", False), ("threefry", True)):  # ThreeFry runs in XLA programs only
        for method in ("normal", "uniform", "truncated_normal", "uniform_full_int"):
            draw = getattr(tf.random.Generator.from_seed(7, alg=algorithm), method)
            found[algorithm + "/" + method] = tf.function(lambda draw=draw: draw(SIZE), jit_compile=jit)()
    return found
