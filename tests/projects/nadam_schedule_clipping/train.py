import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(1)
tf.config.experimental.enable_op_determinism()

steps = np.arange(280)
series = np.sin(steps / 9) + 0.1 * np.random.randn(280)
window = 24
x = np.stack([series[i : i + window] for i in range(256)])[..., np.newaxis]
y = series[window : window + 256]

schedule = tf.keras.optimizers.schedules.ExponentialDecay(
    initial_learning_rate=0.01, decay_steps=2, decay_rate=0.8, staircase=True
)
optimizer = tf.keras.optimizers.Nadam(learning_rate=schedule, clipnorm=0.5)

model = tf.keras.Sequential(
    [
        tf.keras.Input(shape=(window, 1)),
        tf.keras.layers.GRU(12),
        tf.keras.layers.Dense(1),
    ]
)
model.compile(optimizer=optimizer, loss="mse")
model.fit(x, y, batch_size=64, epochs=2, verbose=2)
print("forecast:", model.predict(x[-1:], verbose=0))
