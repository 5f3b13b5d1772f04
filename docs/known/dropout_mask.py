"""Print which of ten inputs a Dropout leaves, with every generator seeded."""

import tensorflow as tf

tf.keras.utils.set_random_seed(1)
print("left", (tf.keras.layers.Dropout(0.5)(tf.ones((1, 10)), training=True).numpy()[0] > 0).astype(int).tolist())
