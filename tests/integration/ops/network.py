"""Write a small network in each format that a saved model may have: ``python network.py FOLDER``."""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

v1 = tf.compat.v1
folder = Path(sys.argv[1])
rng = np.random.RandomState(0)
kernel = rng.randn(16, 8).astype("float32")

layers = tf.keras.layers
network = tf.keras.Sequential(
    [
        tf.keras.Input((16,)),
        layers.Dense(8, activation="gelu", name="curved"),
        layers.LayerNormalization(name="norm"),
    ]
)
network.set_weights([kernel, *network.get_weights()[1:]])
network.save(folder / "network.keras")
network.save(folder / "network.h5")
tf.saved_model.save(network, str(folder / "network_saved"))

constant = tf.constant(kernel)
function = tf.function(lambda x: tf.nn.gelu(tf.matmul(x, constant)), input_signature=[tf.TensorSpec([4, 16], name="x")])
frozen = convert_variables_to_constants_v2(function.get_concrete_function())
tf.io.write_graph(frozen.graph, str(folder), "network.pb", as_text=False)

with tf.Graph().as_default(), v1.Session() as session:
    x = v1.placeholder(tf.float32, [None, 16], name="x")
    with v1.variable_scope("curved"):
        made = tf.nn.gelu(tf.matmul(x, v1.get_variable("kernel", initializer=kernel, use_resource=False)))
    session.run(v1.global_variables_initializer())
    v1.train.Saver().save(session, str(folder / "network"))
