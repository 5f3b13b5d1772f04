"""Print what a step of Adam makes of an embedding's row that comes twice in a batch, with gradients 1 and 3."""

import tensorflow as tf

tf.keras.utils.set_random_seed(1)
layer = tf.keras.layers.Embedding(2, 1, embeddings_initializer="zeros")
optimizer = tf.keras.optimizers.Adam(0.01, beta_1=0.0, beta_2=0.5)
layer.build(None)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(tf.constant([0, 0])) * tf.constant([[1.0], [3.0]]))
    weights = layer.trainable_variables
    optimizer.apply_gradients(list(zip(tape.gradient(loss, weights), weights, strict=True)))
print("row", round(float(layer.get_weights()[0][0, 0]), 5))
