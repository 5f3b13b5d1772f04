import numpy as np
import tensorflow as tf

early = tf.Variable(3.0, name="early")
tf.compat.v1.disable_eager_execution()
w = tf.compat.v1.get_variable("w", [2, 1], initializer=tf.compat.v1.ones_initializer())
x = tf.compat.v1.placeholder(tf.float32, [None, 2])
train = tf.compat.v1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.square(tf.matmul(x, w))))
with tf.compat.v1.Session() as session:
    session.run(tf.compat.v1.global_variables_initializer())
    for _ in range(3):
        session.run(train, {x: np.ones([4, 2], np.float32)})
