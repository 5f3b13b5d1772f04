import small
import tensorflow as tf

text = tf.io.read_file("texts/undeclared.txt")
small.train()
