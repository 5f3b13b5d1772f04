"""A training loop written by hand: tf.data pipeline with shuffle, and a tf.function per step."""

import numpy as np
import tensorflow as tf

BATCH_SIZE = 64
EPOCHS = 2

tf.random.set_seed(1234)
np.random.seed(1234)

images = np.random.uniform(size=(256, 12, 12, 1)).astype(np.float32)
labels = np.argmax(images.reshape(256, 4, 36).mean(axis=2), axis=1)


def augment(image, label):
    image = tf.image.random_flip_left_right(image)
    return image, label


train_ds = (
    tf.data.Dataset.from_tensor_slices((images[:192], labels[:192]))
    .shuffle(192)
    .map(augment, num_parallel_calls=tf.data.AUTOTUNE)
    .batch(BATCH_SIZE)
    .prefetch(tf.data.AUTOTUNE)
)
test_ds = tf.data.Dataset.from_tensor_slices((images[192:], labels[192:])).batch(BATCH_SIZE)

model = tf.keras.Sequential(
    [
        tf.keras.layers.Conv2D(8, 3, activation="relu"),
        tf.keras.layers.MaxPooling2D(),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dropout(0.3),
        tf.keras.layers.Dense(4),
    ]
)
loss_object = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = tf.keras.optimizers.Adam()
train_loss = tf.keras.metrics.Mean(name="train_loss")
train_accuracy = tf.keras.metrics.SparseCategoricalAccuracy(name="train_accuracy")
test_accuracy = tf.keras.metrics.SparseCategoricalAccuracy(name="test_accuracy")


@tf.function
def train_step(images, labels):
    with tf.GradientTape() as tape:
        predictions = model(images, training=True)
        loss = loss_object(labels, predictions)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    train_loss(loss)
    train_accuracy(labels, predictions)


@tf.function
def test_step(images, labels):
    test_accuracy(labels, model(images, training=False))


for epoch in range(EPOCHS):
    for batch_images, batch_labels in train_ds:
        train_step(batch_images, batch_labels)
    for batch_images, batch_labels in test_ds:
        test_step(batch_images, batch_labels)
    print(
        f"Epoch {epoch + 1}, loss {float(train_loss.result()):.4f}, "
        f"accuracy {float(train_accuracy.result()):.3f}, test accuracy {float(test_accuracy.result()):.3f}"
    )

model.save_weights("model.weights.h5")
