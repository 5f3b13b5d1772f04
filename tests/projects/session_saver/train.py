"""A TensorFlow 1 script: train, save, restore, and go on with a smaller learning rate."""

import os

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

flags = tf.app.flags
flags.DEFINE_integer("batch_size", 50, "Rows of a batch.")
flags.DEFINE_string("train_dir", "checkpoints", "Where checkpoints are written.")
FLAGS = flags.FLAGS


def inference(images):
    with tf.name_scope("hidden"):
        weights = tf.Variable(tf.truncated_normal([36, 20], stddev=0.2), name="weights")
        biases = tf.Variable(tf.zeros([20]), name="biases")
        hidden = tf.nn.relu(tf.matmul(images, weights) + biases)
    with tf.name_scope("softmax_linear"):
        weights = tf.Variable(tf.truncated_normal([20, 4], stddev=0.2), name="weights")
        biases = tf.Variable(tf.zeros([4]), name="biases")
        return tf.matmul(hidden, weights) + biases


def main(_):
    images = np.random.rand(200, 36).astype(np.float32)
    labels = np.random.randint(0, 4, 200)

    images_placeholder = tf.placeholder(tf.float32, shape=(None, 36))
    labels_placeholder = tf.placeholder(tf.int32, shape=(None,))
    learning_rate = tf.placeholder(tf.float32, shape=())
    logits = inference(images_placeholder)
    loss = tf.losses.sparse_softmax_cross_entropy(labels=labels_placeholder, logits=logits)
    global_step = tf.train.get_or_create_global_step()
    optimizer = tf.train.MomentumOptimizer(learning_rate, 0.9)
    train_op = optimizer.minimize(loss, global_step=global_step)
    saver = tf.train.Saver(max_to_keep=2)

    def run_epoch(sess, rate):
        for start in range(0, 200, FLAGS.batch_size):
            feed_dict = {
                images_placeholder: images[start : start + FLAGS.batch_size],
                labels_placeholder: labels[start : start + FLAGS.batch_size],
                learning_rate: rate,
            }
            _, loss_value, step = sess.run([train_op, loss, global_step], feed_dict=feed_dict)
            print("Step %d: loss = %.4f" % (step, loss_value))

    os.makedirs(FLAGS.train_dir, exist_ok=True)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        run_epoch(sess, 0.1)
        saver.save(sess, os.path.join(FLAGS.train_dir, "model.ckpt"), global_step=global_step)

    with tf.Session() as sess:
        saver.restore(sess, tf.train.latest_checkpoint(FLAGS.train_dir))
        run_epoch(sess, 0.01)


if __name__ == "__main__":
    tf.app.run()
