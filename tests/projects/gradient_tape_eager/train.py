"""Linear regression with two layers of plain variables, one eager step after the other."""

import random

import numpy as np
import tensorflow as tf

random.seed(0)
np.random.seed(0)
tf.random.set_seed(0)

features = np.random.randn(300, 10).astype(np.float32)
targets = (features @ np.random.randn(10, 1) + 0.1 * np.random.randn(300, 1)).astype(np.float32)

w1 = tf.Variable(tf.random.truncated_normal((10, 20), stddev=0.3), name="w1")
b1 = tf.Variable(tf.zeros(20), name="b1")
w2 = tf.Variable(tf.random.truncated_normal((20, 1), stddev=0.3), name="w2")
b2 = tf.Variable(tf.zeros(1), name="b2")
parameters = [w1, b1, w2, b2]


def predict(x):
    return tf.nn.relu(x @ w1 + b1) @ w2 + b2


optimizer = tf.keras.optimizers.SGD(learning_rate=0.05, momentum=0.9)
rows = list(range(300))
random.shuffle(rows)

for step in range(6):
    batch = rows[step * 50 : (step + 1) * 50]
    with tf.GradientTape() as tape:
        noisy = features[batch] + tf.random.normal((50, 10), stddev=0.01)
        loss = tf.reduce_mean(tf.square(predict(noisy) - targets[batch]))
    gradients = tape.gradient(loss, parameters)
    optimizer.apply_gradients(zip(gradients, parameters))
    print("step", step, "loss", loss.numpy())

error = tf.reduce_mean(tf.abs(predict(features) - targets))
print("mean absolute error", float(error))
