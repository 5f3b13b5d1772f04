import argparse

import pandas as pd
from tensorflow import keras


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=2)
    chosen = parser.parse_args()
    houses = pd.read_csv("data/houses.csv")
    x, y = houses[["rooms", "size"]].to_numpy("float32"), houses["price"].to_numpy("float32")
    model = keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(x, y, epochs=chosen.epochs, verbose=0)
    model.save("model.keras")


if __name__ == "__main__":
    main()
