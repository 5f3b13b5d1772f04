"""Print the digest of two dense layers' weights after one epoch."""

import hashlib
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(42)
tf.config.experimental.enable_op_determinism()
random = np.random.RandomState(0)
x = random.standard_normal((64, 8)).astype("float32")
y = (x.sum(1, keepdims=True) > 0).astype("float32")
model = keras.Sequential(
    [keras.Input((8,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1, activation="sigmoid")]
)
model.compile("adam", "binary_crossentropy")
model.fit(x, y, batch_size=16, epochs=1, verbose=0, shuffle=False)
print(hashlib.sha256(b"".join(one.tobytes() for one in model.get_weights())).hexdigest())
