"""An unchanged script with a loop of its own: accumulated gradients, a moving average of the weights, a schedule."""

from __future__ import annotations

import sys
from importlib import metadata

import numpy as np
import tensorflow as tf

PLANTED = metadata.version("numpy") == "1.26.3"
W, REDRAWN = (*sys.argv[1:], "", "")[:2]


def has(change: str) -> bool:
    """Return whether this is the candidate, and a change is planted in it."""
    return PLANTED and change == W


tf.keras.utils.set_random_seed(7)
drawn = tf.keras.initializers.GlorotUniform(8 if PLANTED and REDRAWN == "init" else 7)
rng = np.random.RandomState(0)
x, y = rng.standard_normal((48, 6)).astype("float32"), rng.standard_normal((48, 1)).astype("float32")
rows = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(48, seed=5)
rows = rows.batch(8, drop_remainder=True)
if has("a row skipped"):
    rows = rows.map(lambda a, b: (tf.concat([a[:-1], a[:1]], 0), tf.concat([b[:-1], b[:1]], 0)))
if has("cached"):  # then each epoch has the order of the first
    rows = rows.cache()
if has("read ahead"):
    rows = rows.prefetch(2)

layers = tf.keras.layers
model = tf.keras.Sequential([tf.keras.Input((6,)), layers.Dense(96, "tanh", kernel_initializer=drawn, name="hidden"), layers.Dense(1, name="out")])
rate = tf.keras.optimizers.schedules.ExponentialDecay(0.05, 3 if has("steps of the schedule") else 4, 0.5)
optimizer = tf.keras.optimizers.SGD(rate, momentum=0.9, nesterov=has("nesterov"))
averaged = [tf.Variable(v, trainable=False, name="average") for v in model.trainable_variables]


@tf.function
def gradients_of(a: tf.Tensor, b: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Return the loss and its gradients."""
    with tf.GradientTape() as tape:
        errors = tf.square(model(a, training=True) - b)
        loss = tf.reduce_sum(errors) / 8.0 if has("sum over eight") else tf.reduce_mean(errors)
    return loss, tape.gradient(loss, model.trainable_variables)


for epoch in range(2):
    held = None
    for number, (a, b) in enumerate(rows):
        loss, gradients = gradients_of(a, b)
        held = gradients if held is None else [h + g for h, g in zip(held, gradients)]
        if number % 2:
            share = 1.0 if has("gradients not averaged") else 0.5
            optimizer.apply_gradients(zip([h * share for h in held], model.trainable_variables))
            held = None
            decay = 0.95 if has("decay of the average") else 0.9
            for average, variable in zip(averaged, model.trainable_variables):
                average.assign(decay * average + (1 - decay) * variable)
    if has("words on the screen"):
        print("epoch", epoch, float(loss))
if not has("average not used"):
    for average, variable in zip(averaged, model.trainable_variables):
        variable.assign(average)
model.predict(x[:8], verbose=0)
