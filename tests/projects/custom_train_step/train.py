import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(7)


class CustomModel(keras.Model):
    """A regression whose loss also keeps the outputs small."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.mae_metric = keras.metrics.MeanAbsoluteError(name="mae")
        self.mse = keras.losses.MeanSquaredError()

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.mse(y, y_pred) + 0.01 * tf.reduce_mean(tf.square(y_pred))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        self.loss_tracker.update_state(loss)
        self.mae_metric.update_state(y, y_pred)
        return {"loss": self.loss_tracker.result(), "mae": self.mae_metric.result()}

    @property
    def metrics(self):
        return [self.loss_tracker, self.mae_metric]


inputs = keras.Input(shape=(32,))
x = keras.layers.Dense(16, activation="tanh")(inputs)
x = keras.layers.BatchNormalization()(x)
outputs = keras.layers.Dense(1)(x)
model = CustomModel(inputs, outputs)
model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.01))

x = np.random.random((256, 32))
y = np.random.random((256, 1))
history = model.fit(x, y, epochs=2, batch_size=64)
print(history.history)
