"""convnet: convolution, fused batch norm with moving statistics, pooling and dropout; probes the image kernels."""

import tensorflow as tf

OPTIMIZER = {"name": "Adam", "learning_rate": 0.01, "epsilon": 1e-7}
EPOCHS = 2
BATCH = 8
STATISTICS = ["norm/moving_mean", "norm/moving_variance"]
DECAY = 0.9


def data(rng):
    return {
        "x": rng.random_sample((32, 8, 8, 3)).astype("float32"),
        "label": rng.randint(0, 5, size=32).astype("int32"),
    }


def variables():
    return {
        "conv/kernel": tf.random.truncated_normal([3, 3, 3, 8], stddev=0.2),
        "conv/bias": tf.zeros([8]),
        "norm/gamma": tf.ones([8]),
        "norm/beta": tf.zeros([8]),
        "norm/moving_mean": tf.zeros([8]),
        "norm/moving_variance": tf.ones([8]),
        "dense/kernel": tf.random.truncated_normal([32, 5], stddev=0.2),
        "dense/bias": tf.zeros([5]),
    }


def dropout(batch):
    return {"pooled": tf.nn.dropout(tf.ones([BATCH, 32]), rate=0.5)}


def forward(variables, batch, dropout):
    training = dropout is not None
    conv = tf.nn.conv2d(batch["x"], variables["conv/kernel"], strides=1, padding="SAME") + variables["conv/bias"]
    moving = {name: variables["norm/" + name] for name in ("moving_mean", "moving_variance")}
    gamma, beta = variables["norm/gamma"], variables["norm/beta"]
    known = (None, None) if training else (moving["moving_mean"], moving["moving_variance"])
    norm, mean, variance = tf.compat.v1.nn.fused_batch_norm(conv, gamma, beta, *known, is_training=training)
    pooled = tf.nn.avg_pool2d(tf.nn.max_pool2d(tf.nn.relu(norm), 2, 2, "SAME"), 2, 2, "SAME")
    flat = tf.reshape(pooled, [-1, 32])
    outputs = {"conv": conv, "norm": norm}
    if training:
        flat *= dropout["pooled"]
        for name, seen in (("moving_mean", mean), ("moving_variance", variance)):
            outputs["statistics/norm/" + name] = DECAY * moving[name] + (1 - DECAY) * seen
    outputs["logits"] = tf.matmul(flat, variables["dense/kernel"]) + variables["dense/bias"]
    return outputs


def loss(outputs, batch):
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=batch["label"], logits=outputs["logits"])
    return tf.reduce_mean(losses)
