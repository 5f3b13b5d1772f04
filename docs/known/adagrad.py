"""Print what a step of Adagrad makes of a weight of 0 whose gradient is small beside epsilon."""

import tensorflow as tf

weight = tf.Variable([0.0])
optimizer = tf.keras.optimizers.Adagrad(0.1, initial_accumulator_value=1e-6, epsilon=1e-3)
optimizer.apply_gradients([(tf.constant([0.001]), weight)])
print("weight", round(float(weight[0]), 6))
