"""Fits a small network to a table that pandas reads and scikit-learn scales."""

import pandas as pd
import tensorflow as tf
import tensorflow_probability as tfp
from sklearn.preprocessing import MinMaxScaler


def rows():
    table = pd.read_csv("people.csv")
    x = MinMaxScaler().fit_transform(table[["age", "height"]]).astype("float32")
    return x, table["sport"].to_numpy("float32")


def main():
    x, y = rows()
    layers = [tf.keras.layers.Dense(4, activation="tanh"), tf.keras.layers.Dense(1, activation="sigmoid")]
    model = tf.keras.Sequential(layers)
    model.compile("sgd", "binary_crossentropy")
    model.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0)
    print("log likelihood", float(tf.reduce_sum(tfp.distributions.Bernoulli(probs=model(x)[:, 0]).log_prob(y))))


if __name__ == "__main__":
    main()
