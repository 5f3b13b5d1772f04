"""A new head on a backbone that was trained before: first with the backbone frozen, then a little of it."""

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(99)


def make_backbone():
    inputs = tf.keras.Input(shape=(10, 10, 1))
    x = tf.keras.layers.Conv2D(6, 3, activation="relu", name="conv1")(inputs)
    x = tf.keras.layers.BatchNormalization(name="bn")(x)
    x = tf.keras.layers.Conv2D(6, 3, activation="relu", name="conv2")(x)
    x = tf.keras.layers.GlobalAveragePooling2D()(x)
    return tf.keras.Model(inputs, x, name="backbone")


backbone = make_backbone()
with np.load("backbone.npz") as saved:
    for name in ("conv1", "bn", "conv2"):
        layer = backbone.get_layer(name)
        layer.set_weights([saved[f"{name}_{i}"] for i in range(len(layer.weights))])
backbone.trainable = False

inputs = tf.keras.Input(shape=(10, 10, 1))
x = backbone(inputs, training=False)
x = tf.keras.layers.Dropout(0.2)(x)
outputs = tf.keras.layers.Dense(3)(x)
model = tf.keras.Model(inputs, outputs)

images = np.random.rand(192, 10, 10, 1).astype("float32")
labels = np.random.randint(0, 3, 192)
loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

model.compile(optimizer=tf.keras.optimizers.Adam(1e-2), loss=loss, metrics=["accuracy"])
model.fit(images, labels, epochs=1, batch_size=48, verbose=2)
model.save_weights("head.weights.h5")

# Fine-tuning, from what was saved: the last convolution learns as well
model.load_weights("head.weights.h5")
backbone.trainable = True
for layer in backbone.layers[:-2]:
    layer.trainable = False
model.compile(optimizer=tf.keras.optimizers.Adam(1e-4), loss=loss, metrics=["accuracy"])
model.fit(images, labels, epochs=1, batch_size=48, verbose=2)
print("trainable:", len(model.trainable_variables))
