"""Print what four steps of Nadam make of two weights of 0 whose gradients are 1 and then 0.1."""

import tensorflow as tf

weights = [tf.Variable([0.0]), tf.Variable([0.0])]
optimizer = tf.keras.optimizers.Nadam(0.1)
step = tf.function(lambda gradients: optimizer.apply_gradients(list(zip(gradients, weights, strict=True))))
optimizer.build(weights)
for size in (1.0, 1.0, 0.1, 0.1):
    step([tf.constant([size]), tf.constant([size])])
print("weights", [round(float(weight[0]), 5) for weight in weights])
