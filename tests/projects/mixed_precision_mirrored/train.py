import numpy as np
import tensorflow as tf
from tensorflow.keras import mixed_precision

tf.random.set_seed(0)
np.random.seed(0)

mixed_precision.set_global_policy("mixed_float16")
strategy = tf.distribute.MirroredStrategy()
print("replicas:", strategy.num_replicas_in_sync)
batch_size = 64 * strategy.num_replicas_in_sync

x = np.random.rand(256, 20).astype("float32")
y = np.random.randint(0, 4, size=256)
dataset = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(256).batch(batch_size)

with strategy.scope():
    model = tf.keras.Sequential(
        [
            tf.keras.Input(shape=(20,)),
            tf.keras.layers.Dense(64, activation="relu"),
            tf.keras.layers.Dropout(0.1),
            tf.keras.layers.Dense(4),
            tf.keras.layers.Activation("softmax", dtype="float32"),
        ]
    )
    model.compile(
        optimizer=tf.keras.optimizers.Adam(1e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )

model.fit(dataset, epochs=2, verbose=2)
print(model.evaluate(x, y, batch_size=batch_size, verbose=0))
