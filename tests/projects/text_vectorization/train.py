"""Sentiment of short reviews: strings go into the model, which holds its own vocabulary."""

import tensorflow as tf
from tensorflow.keras import layers

BATCH = 32


def parse(line):
    parts = tf.strings.split(line, "\t")
    return parts[1], tf.strings.to_number(parts[0], tf.int32)


dataset = tf.data.TextLineDataset("reviews.tsv").map(parse)
train = dataset.take(96).shuffle(96, seed=3).batch(BATCH)
test = dataset.skip(96).batch(BATCH)

vectorize = layers.TextVectorization(max_tokens=60, output_mode="int", output_sequence_length=8)
vectorize.adapt(train.map(lambda text, label: text))
print("first words:", vectorize.get_vocabulary()[:6])

inputs = tf.keras.Input(shape=(), dtype=tf.string, name="text")
x = vectorize(inputs)
x = layers.Embedding(60, 8)(x)
x = layers.Dropout(0.2)(x)
x = layers.GlobalAveragePooling1D()(x)
outputs = layers.Dense(1, activation="sigmoid")(x)
model = tf.keras.Model(inputs, outputs)

model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(train, validation_data=test, epochs=2, verbose=2)
print(model.predict(tf.constant(["a lovely film", "a dull story"]), verbose=0))
