"""Train a small classifier with the usual callbacks."""

import argparse

import numpy as np
import tensorflow as tf

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--batch-size", type=int, default=128)
args = parser.parse_args()

tf.keras.utils.set_random_seed(42)

x = np.random.normal(size=(320, 12)).astype("float32")
y = (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype("int32")
x_train, y_train = x[:256], y[:256]
x_val, y_val = x[256:], y[256:]

model = tf.keras.Sequential(
    [
        tf.keras.Input(shape=(12,)),
        tf.keras.layers.Dense(32, activation="relu"),
        tf.keras.layers.Dropout(0.2),
        tf.keras.layers.Dense(2, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])


def schedule(epoch, lr):
    return lr if epoch < 1 else lr * 0.5


class EpochPrinter(tf.keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print(f"epoch {epoch}: loss {logs['loss']:.4f}, validation {logs['val_loss']:.4f}")


history = model.fit(
    x_train,
    y_train,
    epochs=args.epochs,
    batch_size=args.batch_size,
    validation_data=(x_val, y_val),
    callbacks=[
        tf.keras.callbacks.LearningRateScheduler(schedule),
        tf.keras.callbacks.ReduceLROnPlateau(monitor="val_loss", patience=1),
        tf.keras.callbacks.CSVLogger("log.csv"),
        tf.keras.callbacks.TerminateOnNaN(),
        EpochPrinter(),
    ],
    verbose=0,
)
loss, accuracy = model.evaluate(x_val, y_val, verbose=0)
print("validation loss", loss, "accuracy", accuracy)
print(model.predict(x_val[:4], verbose=0))
