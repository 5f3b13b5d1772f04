"""layers: one layer of Keras between an input and an output, from weights that no generator draws, three batches."""

import numpy as np
import tensorflow as tf

KERAS = tf.keras.layers
WORDS = ["red fox", "blue jay", "a red jay", "the blue fox"]

VARIANTS = {
    "dense": {"SHAPE": (5,), "MAKE": lambda: KERAS.Dense(4, activation="tanh")},
    "conv2d": {"SHAPE": (6, 6, 3), "MAKE": lambda: KERAS.Conv2D(4, 3, padding="same", activation="relu")},
    "batchnorm_2d": {"SHAPE": (5,), "MAKE": lambda: KERAS.BatchNormalization()},
    "batchnorm_4d": {"SHAPE": (4, 4, 3), "MAKE": lambda: KERAS.BatchNormalization()},
    "layernorm": {"SHAPE": (5,), "MAKE": lambda: KERAS.LayerNormalization()},
    "dropout": {"SHAPE": (64,), "MAKE": lambda: KERAS.Dropout(0.5)},
    "alpha_dropout": {"SHAPE": (64,), "MAKE": lambda: KERAS.AlphaDropout(0.3)},
    "lstm": {"SHAPE": (6, 4), "MAKE": lambda: KERAS.LSTM(5)},
    "lstm_dropout": {"SHAPE": (6, 64), "MAKE": lambda: KERAS.LSTM(5, dropout=0.5)},
    "gru": {"SHAPE": (6, 4), "MAKE": lambda: KERAS.GRU(5)},
    "embedding": {"SHAPE": (6,), "MAKE": lambda: KERAS.Embedding(12, 4), "ROWS": "words"},
    "attention": {"SHAPE": (6, 4), "MAKE": lambda: KERAS.MultiHeadAttention(2, 3)},
    "random_flip": {"SHAPE": (4, 4, 3), "MAKE": lambda: KERAS.RandomFlip("horizontal")},
    "random_rotation": {"SHAPE": (6, 6, 3), "MAKE": lambda: KERAS.RandomRotation(0.2)},
    "normalization": {"SHAPE": (8,), "MAKE": lambda: normalization()},
    "text_vectorization": {"SHAPE": (1,), "MAKE": lambda: text_vectorization(), "ROWS": "texts"},
}
SHAPE = (5,)
ROWS = "numbers"


def MAKE():  # noqa: N802  # a constant of the variants
    return KERAS.Dense(4)


OPTIMIZER = {"name": "SGD", "learning_rate": 0.05}
LOSS = "mean_squared_error"
BATCH = 8
FIT = {"shuffle": False}


def normalization():
    layer = KERAS.Normalization()
    layer.adapt(np.random.RandomState(7).random_sample((50, 8)).astype("float32"))
    return layer


def text_vectorization():
    layer = KERAS.TextVectorization(max_tokens=12, output_sequence_length=4)
    layer.adapt(tf.constant([[words] for words in WORDS]))
    return layer


def data(rng):
    y = rng.random_sample((24, 1)).astype("float32")
    if ROWS == "texts":
        return {"x": tf.constant(np.array(WORDS)[rng.randint(0, len(WORDS), (24, *SHAPE))].tolist()), "y": y}
    if ROWS == "words":
        return {"x": rng.randint(0, 12, (24, *SHAPE)), "y": y}
    return {"x": rng.random_sample((24, *SHAPE)).astype("float32"), "y": y}


def build():
    inputs = tf.keras.Input(SHAPE, dtype={"texts": "string", "words": "int64", "numbers": "float32"}[ROWS])
    layer = MAKE()
    tensor = layer(inputs, inputs) if isinstance(layer, KERAS.MultiHeadAttention) else layer(inputs)
    if ROWS == "texts":
        tensor = KERAS.Embedding(12, 4)(tensor)
    model = tf.keras.Model(inputs, KERAS.Dense(1, name="out")(KERAS.Flatten(name="flat")(tensor)))
    for number, variable in enumerate(model.trainable_variables):
        random = np.random.RandomState(number)
        variable.assign(random.uniform(-0.5, 0.5, variable.shape).astype("float32"))
    return model
