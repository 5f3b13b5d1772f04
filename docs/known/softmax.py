"""Print the sum of the squares of the softmax of 64 rows."""

import numpy as np
import tensorflow as tf

x = np.random.RandomState(0).standard_normal((64, 37)).astype("float32")
y = tf.nn.softmax(tf.constant(x)).numpy().astype("float64")
print("sum", repr(float(np.sum(y * y))))
