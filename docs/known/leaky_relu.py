"""Print what LeakyReLU makes of -1 by default, and how its slope is called."""

import inspect

import tensorflow as tf

layer = tf.keras.layers.LeakyReLU
argument = next(iter(inspect.signature(layer).parameters))
print("slope", round(-float(layer()(tf.constant([-1.0]))[0]), 2), "argument", argument)
