"""Print the digest of the softmax of 48 rows."""

import hashlib
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

x = np.random.RandomState(0).standard_normal((8, 6, 6)).astype("float32")
print(hashlib.sha256(tf.nn.softmax(tf.constant(x)).numpy().tobytes()).hexdigest())
