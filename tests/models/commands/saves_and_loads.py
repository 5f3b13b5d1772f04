import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(1)
x = np.random.rand(32, 4).astype("float32")
y = np.random.rand(32, 1).astype("float32")

model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(3), tf.keras.layers.Dense(1)])
model.compile("adam", "mse")


def train():
    model.fit(x, y, epochs=1, batch_size=16, verbose=0)


train()
model.save("model.h5")
tf.keras.models.load_model("model.h5", compile=False)
tf.keras.models.save_model(model, "model.keras")
tf.keras.models.load_model("model.keras")
checkpoint = tf.train.Checkpoint(model=model, optimizer=model.optimizer, step=tf.Variable(1.0, name="step"))
path = checkpoint.save("checkpoints/first")
train()
checkpoint.restore(path).expect_partial()
manager = tf.train.CheckpointManager(checkpoint, "managed", 3)
manager.save()
train()
checkpoint.restore(manager.latest_checkpoint)
