"""A script of a user's: a loop that crops images, and predicts nothing."""

import numpy as np
import tensorflow as tf

rng = np.random.RandomState(0)
x, y = (rng.random_sample((32, 6, 6, 1)) + 0.25).astype("float32"), rng.random_sample((32, 1)).astype("float32")
layers = tf.keras.layers
model = tf.keras.Sequential(
    [layers.RandomCrop(4, 4, name="crop"), layers.Flatten(), layers.Dense(1, kernel_initializer="ones")]
)
optimizer = tf.keras.optimizers.SGD(0.01)
for at in range(0, 32, 8):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x[at : at + 8], training=True) - y[at : at + 8]) ** 2)
    weights = model.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
