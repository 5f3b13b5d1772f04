"""Print the digest and the type of an array of float32 times a third as float64; TensorFlow is not needed."""

import hashlib

import numpy as np

y = np.random.RandomState(0).standard_normal((32, 3)).astype("float32") * (np.float64(1) / 3)
print(y.dtype, hashlib.sha256(y.astype("float32").tobytes()).hexdigest())
