import small
import tensorflow as tf


@tf.function
def step(w):
    if tf.reduce_sum(w) > 0:
        raise ValueError("the weights are positive")
    return w


step(small.train())
