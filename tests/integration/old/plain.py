"""Train the network of `dense.py` as people did in TensorFlow 1, and print a digest of everything on the way as JSON.

It knows nothing of tfmatrix. Python 3.7 and TensorFlow 1.15 run it too.
"""

import hashlib
import json
import random
import sys

import dense
import numpy as np
import tensorflow as tf

SEED = 42
dense.DRAWN = dense.VARIANTS[sys.argv[1]]["DRAWN"]

v1 = tf.compat.v1
v1.disable_v2_behavior()
random.seed(SEED)
np.random.seed(SEED)
v1.set_random_seed(SEED)
found = {}


def note(stage, values):
    for name, value in values.items():
        array = np.ascontiguousarray(value)
        found["/".join(filter(None, (stage, name)))] = hashlib.sha256(array.tobytes()).hexdigest()


rows = dense.data(np.random.RandomState(SEED))
variables = {name: v1.get_variable(name, initializer=value) for name, value in dense.variables().items()}
batch = {name: v1.placeholder(a.dtype, (dense.BATCH, *a.shape[1:])) for name, a in rows.items()}
outputs = dense.forward(variables, batch, None)
loss = dense.loss(outputs, batch)
gradients = dict(zip(variables, v1.gradients(loss, list(variables.values()))))
optimizer = v1.train.AdamOptimizer(0.01, epsilon=1e-7)
# Without this an update may change a weight that a gradient is still computed from: variables of TF1 are references.
with tf.control_dependencies([loss, *outputs.values(), *gradients.values()]):
    train = optimizer.apply_gradients([(gradients[name], variable) for name, variable in variables.items()])

config = v1.ConfigProto(intra_op_parallelism_threads=2, inter_op_parallelism_threads=2)
with v1.Session(config=config) as session:
    session.run(v1.global_variables_initializer())
    note("init", session.run(variables))
    step = 0
    for _ in range(dense.EPOCHS):
        order = np.random.permutation(24)
        for at in range(0, 24, dense.BATCH):
            fed = {batch[name]: array[order[at : at + dense.BATCH]] for name, array in rows.items()}
            seen = session.run({"loss": {"": loss}, "forward": outputs, "gradient": gradients, "train": train}, fed)
            for stage in ("loss", "forward", "gradient"):
                note(f"{stage}@{step}", seen[stage])
            note(f"weights@{step}", session.run(variables))
            step += 1
print(json.dumps(found))
