"""Print how often each of the four flips comes among 256 images: none, across, upside down, both."""

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(1)
images = np.tile(np.arange(4, dtype="float32").reshape(1, 2, 2, 1), (256, 1, 1, 1))
corners = np.asarray(tf.keras.layers.RandomFlip()(images, training=True))[:, 0, 0, 0]
print("of each", [int((corners == one).sum()) for one in range(4)])
