import numpy as np
import small

with open("numbers.txt") as file:
    first = float(file.read())
with open("numbers.txt", "w") as file:
    file.write(str(first + 1))
large = np.load("large.npy")
np.save("large.npy", large[:1])
with open("larger.bin", "r+b") as file:
    file.write(b"mine")
small.train()
