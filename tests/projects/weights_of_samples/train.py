import numpy as np
import tensorflow as tf

x = np.random.normal(size=(256, 10))
y = (np.random.rand(256) < 0.2).astype(int)
age = np.random.exponential(size=256)

model = tf.keras.models.Sequential()
model.add(tf.keras.layers.Dense(16, activation="relu", input_shape=(10,)))
model.add(tf.keras.layers.Dense(1, activation="sigmoid"))
model.compile(
    optimizer="adagrad",
    loss="binary_crossentropy",
    metrics=["accuracy"],
    weighted_metrics=[tf.keras.metrics.AUC(name="auc")],
)

# The rare class counts more
positives = y.sum()
class_weight = {0: 256 / (2 * (256 - positives)), 1: 256 / (2 * positives)}
model.fit(x, y, batch_size=64, epochs=1, class_weight=class_weight, verbose=2)

# And what is recent counts more than what is old
sample_weight = np.exp(-age).astype("float32")
model.fit(x, y, batch_size=64, epochs=1, sample_weight=sample_weight, verbose=2)
print(model.evaluate(x, y, sample_weight=sample_weight, verbose=0))
