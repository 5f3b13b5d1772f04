"""The classic of TensorFlow 1, as a script: placeholders, a session, momentum, and rows in an order of NumPy's."""

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
np.random.seed(5)
tf.set_random_seed(5)
rows = np.random.normal(size=(32, 6)).astype("float32")
targets = rows[:, :1] - rows[:, 2:3]

x = tf.placeholder(tf.float32, [None, 6])
y = tf.placeholder(tf.float32, [None, 1])
w = tf.get_variable("w", [6, 8], initializer=tf.glorot_uniform_initializer())
b = tf.get_variable("b", [8], initializer=tf.zeros_initializer())
v = tf.get_variable("v", [8, 1], initializer=tf.random_normal_initializer(stddev=0.1))
hidden = tf.nn.dropout(tf.nn.relu(tf.matmul(x, w) + b), rate=0.25)
loss = tf.reduce_mean(tf.square(tf.matmul(hidden, v) - y))
train = tf.train.MomentumOptimizer(0.05, 0.9).minimize(loss)

with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    order = np.random.permutation(32)
    for at in range(0, 32, 16):
        feed = {x: rows[order[at : at + 16]], y: targets[order[at : at + 16]]}
        print("loss", session.run([train, loss], feed)[1])
