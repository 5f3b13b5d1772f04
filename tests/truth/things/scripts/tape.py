"""A training loop of its own: a tape, a dataset that is shuffled, dropout, and weights that are drawn."""

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(5)
x = np.random.normal(size=(48, 6)).astype("float32")
y = x[:, :1] * 2 - x[:, 1:2]

layers = [
    tf.keras.layers.Dense(16, activation="relu", name="hidden"),
    tf.keras.layers.Dropout(0.25, name="drop"),
    tf.keras.layers.Dense(1, name="out"),
]
model = tf.keras.Sequential([tf.keras.Input((6,)), *layers])
optimizer = tf.keras.optimizers.Adam(0.01)


@tf.function
def train(rows, targets):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(rows, training=True) - targets))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


dataset = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(48).batch(16)
losses = [train(*batch).numpy() for _ in range(2) for batch in dataset]
result = {"losses": losses, **{f"weights/{n}": w for n, w in enumerate(model.get_weights())}}
