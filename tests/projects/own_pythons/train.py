import numpy as np
import tensorflow as tf

x = np.random.RandomState(0).rand(64, 5).astype("float32")
y = (x.sum(axis=1) > 2.5).astype("int32")
model = tf.keras.Sequential([tf.keras.layers.Dense(6, activation="relu"), tf.keras.layers.Dense(2)])
loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile("adam", loss, metrics=["accuracy"])
model.fit(x, y, batch_size=16, epochs=2, verbose=0)
model.predict(x, verbose=0)
