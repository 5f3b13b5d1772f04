"""Print of how many rows of 1,000 an LSTM's dropout leaves the same in each of three time steps."""

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(1)
layer = tf.keras.layers.LSTM(1, dropout=0.5, return_sequences=True)
layer.build((None, 3, 1))
# With these biases nothing is remembered: an output is zero where its own input was left out.
layer.set_weights([np.ones((1, 4), "float32"), np.zeros((1, 4), "float32"), np.array([20, -40, 0, 20], "float32")])
left = np.asarray(layer(np.ones((1000, 3, 1), "float32"), training=True))[:, :, 0] > 0.1
print("the same", int((left == left[:, :1]).all(axis=1).sum()), "of 1000")
