"""Print what three steps of Adam make of a weight of 0."""

import tensorflow as tf

weight = tf.Variable([0.0])
optimizer = tf.keras.optimizers.Adam(0.1)
for size in (0.3, -0.1, 0.7):
    optimizer.apply_gradients([(tf.constant([size]), weight)])
print("weight", repr(float(weight[0])))
