"""optimizers: one small network under each optimizer; probes the update and the slots of each by itself."""

import tensorflow as tf

VARIANTS = {
    "sgd": {"OPTIMIZER": {"name": "SGD", "learning_rate": 0.05, "momentum": 0.9}},
    "nesterov": {"OPTIMIZER": {"name": "SGD", "learning_rate": 0.05, "momentum": 0.9, "nesterov": True}},
    "adam": {"OPTIMIZER": {"name": "Adam", "learning_rate": 0.01, "epsilon": 1e-7}},
    "adamw": {"OPTIMIZER": {"name": "AdamW", "learning_rate": 0.01, "weight_decay": 0.04, "epsilon": 1e-7}},
    "rmsprop": {"OPTIMIZER": {"name": "RMSprop", "learning_rate": 0.01, "rho": 0.9, "momentum": 0.5, "epsilon": 1e-7}},
    "adagrad": {"OPTIMIZER": {"name": "Adagrad", "learning_rate": 0.05, "initial_accumulator_value": 0.1}},
    "adadelta": {"OPTIMIZER": {"name": "Adadelta", "learning_rate": 0.5, "rho": 0.9, "epsilon": 1e-7}},
    "adamax": {"OPTIMIZER": {"name": "Adamax", "learning_rate": 0.01, "epsilon": 1e-7}},
    "nadam": {"OPTIMIZER": {"name": "Nadam", "learning_rate": 0.01, "epsilon": 1e-7}},
    "ftrl": {"OPTIMIZER": {"name": "Ftrl", "learning_rate": 0.05, "l1_regularization_strength": 0.001}},
}
OPTIMIZER = VARIANTS["sgd"]["OPTIMIZER"]
EPOCHS = 2
BATCH = 8


def data(rng):
    return {
        "x": rng.random_sample((24, 4)).astype("float32"),
        "y": rng.random_sample((24, 3)).astype("float32"),
    }


def variables():
    return {"kernel": tf.random.uniform([4, 3], -0.5, 0.5), "bias": tf.zeros([3])}


def forward(variables, batch, dropout):
    return {"output": tf.tanh(tf.matmul(batch["x"], variables["kernel"]) + variables["bias"])}


def loss(outputs, batch):
    return tf.reduce_mean(tf.square(outputs["output"] - batch["y"]))
