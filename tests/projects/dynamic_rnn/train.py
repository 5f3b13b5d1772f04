"""Classify sequences of different lengths, as in TensorFlow 1."""

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

num_steps, num_inputs, num_hidden, num_classes = 12, 4, 16, 2

np.random.seed(5)
sequences = np.random.normal(size=(192, num_steps, num_inputs)).astype(np.float32)
lengths = np.random.randint(4, num_steps + 1, size=192)
labels = np.array([int(s[:n].sum() > 0) for s, n in zip(sequences, lengths)])

tf.set_random_seed(5)
x = tf.placeholder(tf.float32, [None, num_steps, num_inputs])
y = tf.placeholder(tf.int64, [None])
seqlen = tf.placeholder(tf.int32, [None])

cell = tf.nn.rnn_cell.BasicLSTMCell(num_hidden)
cell = tf.nn.rnn_cell.DropoutWrapper(cell, output_keep_prob=0.9)
outputs, state = tf.nn.dynamic_rnn(cell, x, sequence_length=seqlen, dtype=tf.float32)

weights = tf.Variable(tf.random_normal([num_hidden, num_classes], stddev=0.1))
biases = tf.Variable(tf.zeros([num_classes]))
logits = tf.matmul(state.h, weights) + biases
loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
train_op = tf.train.RMSPropOptimizer(0.01).minimize(loss)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(6):
        rows = np.random.choice(192, 64, replace=False)
        _, current = sess.run(
            [train_op, loss], feed_dict={x: sequences[rows], y: labels[rows], seqlen: lengths[rows]}
        )
        print("Step", step, "loss", current)
