import numpy as np
import tensorflow as tf

SEED = 17
np.random.seed(SEED)
tf.random.set_seed(SEED)

x = np.random.uniform(-1, 1, size=(200, 5))
y = np.sin(x).sum(axis=1) + 0.05 * np.random.normal(size=200)

model = tf.keras.Sequential(
    [
        tf.keras.layers.Dense(32, activation="elu", kernel_initializer="he_normal"),
        tf.keras.layers.Dense(1),
    ]
)
model.compile(optimizer=tf.keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True), loss="huber", metrics=["mse"])

early_stopping = tf.keras.callbacks.EarlyStopping(monitor="val_loss", patience=1)
checkpoint = tf.keras.callbacks.ModelCheckpoint(
    "best.weights.h5", monitor="val_loss", save_best_only=True, save_weights_only=True
)
history = model.fit(
    x,
    y,
    validation_split=0.2,
    epochs=4,
    batch_size=80,
    callbacks=[early_stopping, checkpoint],
    verbose=2,
)
print("epochs:", len(history.history["loss"]))
model.load_weights("best.weights.h5")
print("best:", model.evaluate(x[160:], y[160:], verbose=0))
