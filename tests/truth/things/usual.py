"""usual: small models as people write them, with the defaults that Keras gives."""

import tensorflow as tf

KERAS = tf.keras.layers
VARIANTS = {
    "classifier": {"NAME": "classifier", "LOSS": "sparse_categorical_crossentropy"},
    "cnn": {"NAME": "cnn", "LOSS": "sparse_categorical_crossentropy"},
    "recurrent": {"NAME": "recurrent", "LOSS": "binary_crossentropy"},
    "half": {"NAME": "half", "POLICY": "mixed_float16"},
}
NAME = "classifier"
POLICY = "float32"

OPTIMIZER = "adam"
LOSS = "mse"
EPOCHS = 2
BATCH = 16


def data(rng):
    labels = rng.randint(0, 3, 48)
    if NAME == "cnn":
        return {"x": rng.random_sample((48, 8, 8, 3)).astype("float32"), "y": labels}
    if NAME == "recurrent":
        return {"x": rng.randint(1, 20, (48, 7)), "y": rng.randint(0, 2, (48, 1)).astype("float32")}
    y = rng.random_sample((48, 1)).astype("float32") if NAME == "half" else labels
    return {"x": rng.random_sample((48, 8)).astype("float32"), "y": y}


def hidden(tensor):
    if NAME == "cnn":
        tensor = KERAS.Conv2D(8, 3, activation="relu", name="conv")(tensor)
        tensor = KERAS.BatchNormalization(name="norm")(tensor)
        tensor = KERAS.MaxPooling2D(name="pool")(tensor)
        return KERAS.Dropout(0.3, name="drop")(KERAS.Flatten(name="flat")(tensor))
    if NAME == "recurrent":
        return KERAS.LSTM(8, dropout=0.2, name="lstm")(KERAS.Embedding(20, 6, mask_zero=True, name="words")(tensor))
    tensor = KERAS.Dense(12, activation="relu", name="first")(tensor)
    return KERAS.Dense(6, activation="relu", name="second")(tensor)


def build():
    tf.keras.mixed_precision.set_global_policy(POLICY)
    shape = {"cnn": (8, 8, 3), "recurrent": (7,)}.get(NAME, (8,))
    inputs = tf.keras.Input(shape, dtype="int64" if NAME == "recurrent" else "float32")
    units, activation = {"mse": (1, None), "binary_crossentropy": (1, "sigmoid")}.get(LOSS, (3, "softmax"))
    outputs = KERAS.Dense(units, activation=activation, dtype="float32", name="out")(hidden(inputs))
    model = tf.keras.Model(inputs, outputs)
    model.compile(OPTIMIZER, LOSS, metrics=["mae" if LOSS == "mse" else "accuracy"])
    return model
