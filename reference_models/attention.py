"""attention: softmax attention, layer norm and GELU; probes batched matrix products, exp, erf and reductions."""

import tensorflow as tf

OPTIMIZER = {"name": "Adam", "learning_rate": 0.01, "epsilon": 1e-7}
EPOCHS = 2
BATCH = 8
WIDTH = 8


def data(rng):
    return {
        "x": rng.random_sample((24, 6, WIDTH)).astype("float32"),
        "y": rng.random_sample((24, 1)).astype("float32"),
    }


def variables():
    def kernel(columns):
        return tf.random.truncated_normal([WIDTH, columns], stddev=0.3)

    return {
        "query": kernel(WIDTH),
        "key": kernel(WIDTH),
        "value": kernel(WIDTH),
        "norm/gamma": tf.ones([WIDTH]),
        "norm/beta": tf.zeros([WIDTH]),
        "feed": kernel(WIDTH),
        "output": kernel(1),
    }


def written_out(x):
    return 0.5 * x * (1.0 + tf.math.erf(x / 2**0.5))


GELU = getattr(tf.nn, "gelu", written_out)  # which came with 2.4


def forward(variables, batch, dropout):
    x = batch["x"]
    query, key, value = (tf.einsum("bsi,ij->bsj", x, variables[name]) for name in ("query", "key", "value"))
    scores = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) / WIDTH**0.5)
    attended = x + tf.matmul(scores, value)
    # Not tf.nn.moments: in v1 mode 2.15.1 and 2.16.2 take the graph that it makes for a pattern of theirs, and crash.
    centred = attended - tf.reduce_mean(attended, axis=-1, keepdims=True)
    variance = tf.reduce_mean(tf.square(centred), axis=-1, keepdims=True)
    norm = centred * tf.math.rsqrt(variance + 1e-5) * variables["norm/gamma"] + variables["norm/beta"]
    gelu = GELU(tf.einsum("bsi,ij->bsj", norm, variables["feed"]))
    output = tf.matmul(tf.reduce_mean(gelu, axis=1), variables["output"])
    return {"scores": scores, "norm": norm, "gelu": gelu, "output": output}


def loss(outputs, batch):
    return tf.reduce_mean(tf.square(outputs["output"] - batch["y"]))
