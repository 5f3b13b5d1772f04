"""keras_defaults: every optimizer with all that it has by itself, its rate too, each on a layer of its own."""

import tensorflow as tf

BATCH = 8
VARIANTS = {
    "old": {"NAMES": ["Adadelta", "Adagrad", "Adam", "Adamax", "Ftrl", "Nadam", "RMSprop", "SGD"]},
    "later": {"NAMES": ["AdamW", "Lion"]},
}
NAMES = VARIANTS["old"]["NAMES"]


class Net(tf.keras.Model):  # type: ignore[misc]  # TensorFlow ships no types
    """Outputs side by side, each trained by an optimizer of its own."""

    def __init__(self, names):
        super().__init__()
        self.outs = [tf.keras.layers.Dense(1, name=name.lower()) for name in names]
        self.rules = [getattr(tf.keras.optimizers, name)() for name in names]

    def call(self, x):
        """Return all outputs for some rows."""
        return tf.concat([out(x) for out in self.outs], 1)

    def train_step(self, data):
        """Train each output on one batch."""
        x, y = data
        with tf.GradientTape(persistent=True) as tape:
            losses = [tf.reduce_mean(tf.square(out(x) - y)) for out in self.outs]
        for rule, out, loss in zip(self.rules, self.outs, losses):
            rule.apply_gradients(zip(tape.gradient(loss, out.trainable_variables), out.trainable_variables))
        return {"loss": tf.add_n(losses)}


def data(rng):
    return {
        "x": rng.random_sample((16, 4)).astype("float32"),
        "y": rng.random_sample((16, 1)).astype("float32"),
    }


def build():
    if not tf.executing_eagerly():
        raise NotImplementedError("keras_mlp is the network that Keras trains in a graph")
    for name in NAMES:
        if not hasattr(tf.keras.optimizers, name):
            raise NotImplementedError(f"this release has no tf.keras.optimizers.{name}")
    model = Net(NAMES)
    model(tf.zeros((1, 4)))
    model.compile("sgd", "mean_squared_error")
    return model
