"""keras_train_step: a subclassed model with a training step, metrics and a schedule of its own."""

import tensorflow as tf

EPOCHS = 2
BATCH = 8


class Net(tf.keras.Model):  # type: ignore[misc]  # TensorFlow ships no types
    """A hidden layer with dropout and an output, whose loss also keeps outputs small."""

    def __init__(self):
        super().__init__()
        self.hidden = tf.keras.layers.Dense(6, activation="relu", name="hidden")
        self.drop = tf.keras.layers.Dropout(0.25, name="drop")
        self.out = tf.keras.layers.Dense(1, name="out")
        self.total = tf.keras.metrics.Sum(name="total")
        self.mean = tf.keras.metrics.Mean(name="loss")

    def call(self, x, training=False):
        """Return the output for some rows."""
        return self.out(self.drop(self.hidden(x), training=training))

    def train_step(self, data):
        """Train on one batch."""
        x, y = data
        with tf.GradientTape() as tape:
            output = self(x, training=True)
            loss = tf.reduce_mean(tf.square(output - y)) + 0.01 * tf.reduce_mean(tf.square(output))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        self.mean.update_state(loss)
        self.total.update_state(output)
        return {"loss": self.mean.result(), "total": self.total.result()}

    @property
    def metrics(self):
        """The metrics that are reset at each epoch."""
        return [self.mean, self.total]


def data(rng):
    return {
        "x": rng.random_sample((20, 4)).astype("float32"),
        "y": rng.random_sample((20, 1)).astype("float32"),
    }


def build():
    if not tf.executing_eagerly():
        raise NotImplementedError("keras_mlp is the network that Keras trains in a graph")
    model = Net()
    rate = tf.keras.optimizers.schedules.ExponentialDecay(0.05, 2, 0.7)
    model.compile(tf.keras.optimizers.SGD(rate, momentum=0.9, clipnorm=1.0))
    return model
