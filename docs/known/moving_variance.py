"""Print the moving variance of a batch norm of images after one batch of variance 1, with momentum 0."""

import numpy as np
import tensorflow as tf

x = np.array([1, -1, 1, -1, 1, -1, 1, -1], "float32").reshape(2, 2, 2, 1)
layer = tf.keras.layers.BatchNormalization(momentum=0.0)
layer(x, training=True)
print("moving variance", round(float(layer.moving_variance[0]), 4))
