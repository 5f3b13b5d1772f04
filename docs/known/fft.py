"""Print the sum of the sizes of a Fourier transform of 500 numbers, which is no power of two."""

import numpy as np
import tensorflow as tf

x = np.random.RandomState(0).standard_normal((4, 500)).astype("float32")
print("sum", repr(float(np.sum(np.abs(tf.signal.rfft(x).numpy().astype("complex128"))))))
