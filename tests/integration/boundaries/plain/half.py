"""Print whether group normalization in float16 has unit variance on values of a thousand."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np

x = (1000 * np.random.RandomState(0).standard_normal((16, 8))).astype("float16")
y = np.asarray(keras.layers.GroupNormalization(2, dtype="float16")(x)).astype("float64")
variance = y.reshape(16, 2, 4).var(-1)
print("unit variance" if np.allclose(variance, 1, atol=0.01) else "another variance")
