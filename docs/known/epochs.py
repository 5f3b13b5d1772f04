"""Print the first rows of each of three epochs, as `fit` feeds them under a seed."""

import numpy as np
import tensorflow as tf

seen = []


class Look(tf.keras.Model):
    """Notes the first rows of each batch, and trains nothing."""

    def call(self, x):
        """Return the rows."""
        return x

    def train_step(self, data):
        """Note the rows."""
        seen.append(data[0].numpy()[:5, 0].astype(int).tolist())
        return {"loss": 0.0}


tf.keras.utils.set_random_seed(1)
rows = np.arange(20, dtype="float32").reshape(20, 1)
model = Look()
model.compile("sgd", "mse", run_eagerly=True)
model.fit(rows, rows, batch_size=20, epochs=3, verbose=0)
print("first rows", seen[-3:])
