"""Print how many of 32 images are flipped in each of six steps."""

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(1)
images = np.tile(np.arange(4, dtype="float32").reshape(1, 1, 4, 1), (32, 4, 1, 1))
layer = tf.keras.layers.RandomFlip("horizontal")
step = tf.function(lambda batch: layer(batch, training=True))
print("flipped", [int((step(images).numpy()[:, 0, 0, 0] != 0).sum()) for _ in range(6)])
