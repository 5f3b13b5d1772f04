"""Price and priority of a ticket from its category and its numbers: two inputs, two outputs."""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

ROWS = 256

category = np.random.randint(0, 10, size=(ROWS, 1))
numbers = np.random.rand(ROWS, 6).astype("float32")
price = numbers.sum(axis=1, keepdims=True) + 0.1 * category
priority = (numbers[:, 0] * 3).astype("int64")

category_input = keras.Input(shape=(1,), dtype="int64", name="category")
numbers_input = keras.Input(shape=(6,), name="numbers")
embedded = layers.Flatten()(layers.Embedding(10, 4)(category_input))
hidden = layers.concatenate([embedded, numbers_input])
hidden = layers.Dense(24, activation="relu")(hidden)
price_output = layers.Dense(1, name="price")(hidden)
priority_output = layers.Dense(3, name="priority")(hidden)

model = keras.Model(
    inputs={"category": category_input, "numbers": numbers_input},
    outputs={"price": price_output, "priority": priority_output},
)
model.compile(
    optimizer=keras.optimizers.RMSprop(1e-3),
    loss={
        "price": keras.losses.MeanSquaredError(),
        "priority": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    },
    loss_weights={"price": 1.0, "priority": 0.2},
    metrics={"price": ["mae"], "priority": ["accuracy"]},
)
model.fit(
    {"category": category, "numbers": numbers},
    {"price": price, "priority": priority},
    epochs=2,
    batch_size=64,
    verbose=2,
)
predictions = model.predict({"category": category[:5], "numbers": numbers[:5]}, verbose=0)
print({name: values.shape for name, values in predictions.items()})
