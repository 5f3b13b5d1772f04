"""Print what three steps of Nadam make of a weight of 0 whose gradient is 1."""

import tensorflow as tf

weight = tf.Variable([0.0])
optimizer = tf.keras.optimizers.Nadam(0.1)
for _ in range(3):
    optimizer.apply_gradients([(tf.constant([1.0]), weight)])
print("weight", round(float(weight[0]), 4))
