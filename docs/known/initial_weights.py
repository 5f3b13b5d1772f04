"""Print the first initial weights of a dense layer, with every generator seeded."""

import tensorflow as tf

tf.keras.utils.set_random_seed(1)
layer = tf.keras.layers.Dense(3)
layer.build((None, 4))
print("weights", layer.kernel.numpy()[0].tolist())
