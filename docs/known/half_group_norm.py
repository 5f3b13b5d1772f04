"""Print the variance that a group normalization in float16 gives to values of a thousand."""

import keras
import numpy as np

x = (1000 * np.random.RandomState(0).standard_normal((16, 8))).astype("float16")
y = np.asarray(keras.layers.GroupNormalization(2, dtype="float16")(x)).astype("float64")
print("variance", round(float(y.reshape(16, 2, 4).var(-1).mean()), 2))
