"""Print the sum of a product of matrices in float16."""

import numpy as np
import tensorflow as tf

random = np.random.RandomState(0)
x, w = (random.standard_normal(shape).astype("float16") for shape in [(40, 257), (257, 67)])
print("sum", repr(float(np.sum(tf.matmul(x, w).numpy().astype("float64")))))
