"""Print the digest of what GELU makes of 512 numbers."""

import hashlib
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

x = np.random.RandomState(0).standard_normal((64, 8)).astype("float32")
print(hashlib.sha256(tf.nn.gelu(tf.constant(x)).numpy().tobytes()).hexdigest())
