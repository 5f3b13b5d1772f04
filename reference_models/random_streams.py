"""random_streams: what every seeded generator draws, with and without seeds of its own; probes the seeds' streams."""

import tensorflow as tf

VARIANTS = {
    "operations": {"DRAW": "operations"},
    "keras": {"DRAW": "keras"},
    "v1": {"DRAW": "v1"},
}
DRAW = "operations"
SIZE = [4096]
SCALED = ["glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal", "lecun_uniform"]
INITIALIZERS = [*SCALED, "orthogonal", "random_normal", "random_uniform", "truncated_normal", "variance_scaling"]


def draws():
    draw = {"operations": operations, "keras": keras, "v1": v1}[DRAW]
    seeds = (("unseeded", None), ("seeded", 5000))  # which no count of unseeded draws comes to
    return {word + "/" + name: drawn for word, seed in seeds for name, drawn in draw(seed).items()}


def operations(seed):
    return {
        "uniform": tf.random.uniform(SIZE, seed=seed),
        "uniform_int": tf.random.uniform(SIZE, 0, 1000, tf.int32, seed=seed),
        "normal": tf.random.normal(SIZE, seed=seed),
        "truncated_normal": tf.random.truncated_normal(SIZE, seed=seed),
        "gamma": tf.random.gamma(SIZE, 1.5, seed=seed),
        "poisson": tf.random.poisson(shape=SIZE, lam=4.0, seed=seed),  # TensorFlow 1 takes lam first
        "categorical": tf.random.categorical([[0.1, 0.5, 0.2]], 256, seed=seed),
        "shuffle": tf.random.shuffle(tf.range(256), seed=seed),
        "dropout": tf.nn.dropout(tf.ones(SIZE), rate=0.4, seed=seed),
    }


def keras(seed):
    names = {name: name for name in INITIALIZERS}
    names["variance_scaling"] = "VarianceScaling"  # TensorFlow 1 has it by its class alone
    found = {name: getattr(tf.keras.initializers, own)(seed=seed)((16, 16)) for name, own in names.items()}
    found["dropout"] = tf.keras.layers.Dropout(0.4, seed=seed)(tf.ones(SIZE), training=True)
    return found


def v1(seed):
    return {name: getattr(tf.compat.v1.initializers, name)(seed=seed)((16, 16)) for name in INITIALIZERS}
