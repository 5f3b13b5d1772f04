"""Print what a step of RMSprop makes of a weight of 0 whose gradient is small beside epsilon."""

import tensorflow as tf

weight = tf.Variable([0.0])
optimizer = tf.keras.optimizers.RMSprop(0.1, epsilon=1e-3)
optimizer.apply_gradients([(tf.constant([0.001]), weight)])
print("weight", round(float(weight[0]), 6))
