"""A training loop of its own, as a script: a dataset that is shuffled, a tape, dropout, and weights that are saved."""

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(5)
x = np.random.normal(size=(32, 6)).astype("float32")
y = x[:, :1] * 2 - x[:, 1:2]

model = tf.keras.Sequential(
    [
        tf.keras.Input((6,)),
        tf.keras.layers.Dense(16, activation="relu", name="hidden"),
        tf.keras.layers.Dropout(0.25, name="drop"),
        tf.keras.layers.Dense(1, name="out"),
    ]
)
optimizer = tf.keras.optimizers.Adam(0.01)


@tf.function
def train(rows, targets):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(rows, training=True) - targets))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for rows, targets in tf.data.Dataset.from_tensor_slices((x, y)).shuffle(32).batch(16):
    print("loss", float(train(rows, targets)))
model.save_weights("trained.weights.h5")
