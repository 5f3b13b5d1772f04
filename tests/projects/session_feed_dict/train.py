import numpy as np
import tensorflow as tf

tf.compat.v1.disable_eager_execution()
tf.compat.v1.set_random_seed(1)
rng = np.random.RandomState(1)

X = rng.randn(256, 8).astype(np.float32)
Y = np.eye(3)[rng.randint(0, 3, 256)].astype(np.float32)

x = tf.compat.v1.placeholder(tf.float32, [None, 8], name="x")
y = tf.compat.v1.placeholder(tf.float32, [None, 3], name="y")
rate = tf.compat.v1.placeholder_with_default(0.0, [], name="rate")

with tf.compat.v1.variable_scope("hidden"):
    w = tf.compat.v1.get_variable("w", [8, 16], initializer=tf.compat.v1.glorot_uniform_initializer())
    b = tf.compat.v1.get_variable("b", [16], initializer=tf.compat.v1.zeros_initializer())
    hidden = tf.nn.relu(tf.matmul(x, w) + b)
    hidden = tf.compat.v1.nn.dropout(hidden, rate=rate)
with tf.compat.v1.variable_scope("output"):
    w = tf.compat.v1.get_variable("w", [16, 3], initializer=tf.compat.v1.truncated_normal_initializer(stddev=0.1))
    b = tf.compat.v1.get_variable("b", [3], initializer=tf.compat.v1.zeros_initializer())
    logits = tf.matmul(hidden, w) + b

cross_entropy = tf.compat.v1.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=logits)
cost = tf.reduce_mean(cross_entropy)
train_op = tf.compat.v1.train.AdamOptimizer(0.01).minimize(cost)
correct = tf.equal(tf.argmax(logits, 1), tf.argmax(y, 1))
accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))

with tf.compat.v1.Session() as sess:
    sess.run(tf.compat.v1.global_variables_initializer())
    for epoch in range(2):
        for start in range(0, 256, 64):
            feed = {x: X[start : start + 64], y: Y[start : start + 64], rate: 0.25}
            _, value = sess.run([train_op, cost], feed_dict=feed)
        print("epoch", epoch, "cost", value)
    print("accuracy", sess.run(accuracy, feed_dict={x: X, y: Y}))
