import random

import numpy as np
import small
import tensorflow as tf

random.seed(7)
np.random.seed(7)
tf.random.set_seed(7)
small.x = small.x + np.random.normal(size=small.x.shape).astype(np.float32)
small.y = small.y + tf.random.normal(small.y.shape)
small.train()
