"""keras_losses: every loss, each of an output of its own, and every metric of the outputs that it fits."""

import numpy as np
import tensorflow as tf

VARIANTS = {
    "numbers": {"OUTPUTS": "numbers"},
    "flags": {"OUTPUTS": "flags"},
    "classes": {"OUTPUTS": "classes"},
}
OUTPUTS = "numbers"

BATCH = 10
WIDTH = 3


def losses():
    """Return each output's activation and loss."""
    if not tf.executing_eagerly():
        raise NotImplementedError("keras_mlp is the network that Keras trains in a graph")
    losses = tf.keras.losses
    return {
        "numbers": {
            "mse": ("linear", losses.MeanSquaredError()),
            "mae": ("linear", losses.MeanAbsoluteError()),
            "mape": ("linear", losses.MeanAbsolutePercentageError()),
            "msle": ("softplus", losses.MeanSquaredLogarithmicError()),
            "huber": ("linear", losses.Huber(0.3)),
            "log_cosh": ("linear", losses.LogCosh()),
            "cosine": ("linear", losses.CosineSimilarity()),
            "poisson": ("softplus", losses.Poisson()),
        },
        "flags": {
            "binary": ("sigmoid", losses.BinaryCrossentropy(label_smoothing=0.1)),
            "logits": ("linear", losses.BinaryCrossentropy(from_logits=True)),
            "focal": ("sigmoid", losses.BinaryFocalCrossentropy()),
            "hinge": ("tanh", losses.Hinge()),
            "squared_hinge": ("tanh", losses.SquaredHinge()),
        },
        "classes": {
            "categorical": ("softmax", losses.CategoricalCrossentropy(label_smoothing=0.1)),
            "divergence": ("softmax", losses.KLDivergence()),
            "categorical_hinge": ("linear", losses.CategoricalHinge()),
            "sparse": ("softmax", losses.SparseCategoricalCrossentropy()),
            "sparse_logits": ("linear", losses.SparseCategoricalCrossentropy(from_logits=True)),
        },
    }[OUTPUTS]


def metrics():
    """Return the metrics of some outputs."""
    metrics = tf.keras.metrics
    return {
        "numbers": {
            "mse": [metrics.MeanSquaredError(), metrics.RootMeanSquaredError(), metrics.MeanAbsoluteError()],
            "mae": [metrics.MeanAbsolutePercentageError(), metrics.LogCoshError(), metrics.CosineSimilarity()],
            "poisson": [metrics.MeanSquaredLogarithmicError(), metrics.Poisson()],
        },
        "flags": {
            "binary": [
                metrics.BinaryAccuracy(),
                metrics.BinaryCrossentropy(),
                metrics.Precision(),
                metrics.Recall(),
                metrics.AUC(num_thresholds=20),
                metrics.TruePositives(),
                metrics.TrueNegatives(),
                metrics.FalsePositives(),
                metrics.FalseNegatives(),
                metrics.BinaryIoU(),
                metrics.IoU(2, [0]),  # which take a class, the output's whole part: 2.9 knows no other way
                metrics.MeanIoU(2),
            ],
            "focal": [
                metrics.PrecisionAtRecall(0.5),
                metrics.RecallAtPrecision(0.5),
                metrics.SensitivityAtSpecificity(0.5),
                metrics.SpecificityAtSensitivity(0.5),
            ],
            "hinge": [metrics.Hinge(), metrics.SquaredHinge(), metrics.Accuracy()],
        },
        "classes": {
            "categorical": [
                metrics.CategoricalAccuracy(),
                metrics.CategoricalCrossentropy(),
                metrics.TopKCategoricalAccuracy(2),
                metrics.OneHotIoU(WIDTH, [0, 2]),
                metrics.OneHotMeanIoU(WIDTH),
            ],
            "divergence": [metrics.KLDivergence()],
            "categorical_hinge": [metrics.CategoricalHinge()],
            "sparse": [
                metrics.SparseCategoricalAccuracy(),
                metrics.SparseCategoricalCrossentropy(),
                metrics.SparseTopKCategoricalAccuracy(2),
            ],
        },
    }[OUTPUTS]


def data(rng):
    labels = rng.randint(0, WIDTH, 20)
    targets = {
        "numbers": rng.random_sample((20, WIDTH)).astype("float32"),
        "flags": rng.randint(0, 2, (20, WIDTH)).astype("float32"),
        "classes": np.eye(WIDTH, dtype="float32")[labels],
    }[OUTPUTS]
    return {
        "x": (rng.random_sample((20, 5)) * 2 - 1).astype("float32"),
        "y": {name: labels if name.startswith("sparse") else targets for name in losses()},
    }


def build():
    layers = tf.keras.layers
    inputs = tf.keras.Input((5,))
    wanted = losses()
    outputs = {
        name: layers.Dense(WIDTH, activation=activation, name=name)(inputs) for name, (activation, _) in wanted.items()
    }
    model = tf.keras.Model(inputs, outputs)
    by_name = {name: loss for name, (_, loss) in wanted.items()}
    model.compile(tf.keras.optimizers.SGD(0.05), by_name, metrics=metrics(), run_eagerly=True)
    return model
