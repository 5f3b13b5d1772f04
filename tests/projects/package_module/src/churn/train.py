"""Train on the table of customers: python -m churn.train"""

import argparse

import tensorflow as tf

from . import __version__
from .data import read_customers


def build_model(features):
    normalize = tf.keras.layers.Normalization()
    normalize.adapt(features)
    return tf.keras.Sequential(
        [
            normalize,
            tf.keras.layers.Dense(16, activation="relu"),
            tf.keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="data/customers.csv")
    parser.add_argument("--epochs", type=int, default=2)
    args = parser.parse_args()

    tf.keras.utils.set_random_seed(2024)
    features, labels = read_customers(args.data)
    print(f"churn {__version__}: {len(labels)} customers")
    model = build_model(features)
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=[tf.keras.metrics.AUC(name="auc")])
    model.fit(features, labels, epochs=args.epochs, batch_size=64, verbose=2)
    model.save_weights("churn.weights.h5")


if __name__ == "__main__":
    main()
