import numpy as np
import tensorflow as tf


class ResidualBlock(tf.keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.dense = tf.keras.layers.Dense(units, activation="relu")
        self.norm = tf.keras.layers.LayerNormalization()
        self.dropout = tf.keras.layers.Dropout(0.2)

    def call(self, x, training=False):
        return self.norm(x + self.dropout(self.dense(x), training=training))


class Classifier(tf.keras.Model):
    def __init__(self, num_classes, units=24, depth=2):
        super().__init__()
        self.stem = tf.keras.layers.Dense(units)
        self.blocks = [ResidualBlock(units) for _ in range(depth)]
        self.batch_norm = tf.keras.layers.BatchNormalization()
        self.head = tf.keras.layers.Dense(num_classes)

    def call(self, inputs, training=False):
        x = self.stem(inputs)
        for block in self.blocks:
            x = block(x, training=training)
        return self.head(self.batch_norm(x, training=training))


def main():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(256, 14)).astype(np.float32)
    y = rng.integers(0, 5, size=256)

    model = Classifier(num_classes=5)
    model.compile(
        optimizer=tf.keras.optimizers.Adamax(0.005),
        loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[tf.keras.metrics.SparseCategoricalAccuracy()],
    )
    model.fit(x, y, batch_size=64, epochs=2, verbose=2)
    model.summary()
    print(model.evaluate(x, y, verbose=0))
    print(model.predict(x[:2], verbose=0))


if __name__ == "__main__":
    main()
