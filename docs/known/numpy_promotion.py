"""Print the type of an array of float32 times a NumPy number of float64, and TensorFlow's of it."""

import numpy as np
import tensorflow as tf

scaled = np.ones(3, "float32") * np.float64(0.1)
print("type", scaled.dtype, tf.constant(scaled).dtype.name)
