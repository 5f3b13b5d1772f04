import multiprocessing

import numpy as np


def load(number):
    return np.full([2], number, np.float32)


if __name__ == "__main__":
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            rows = pool.map(load, range(4))
    import small

    small.train(len(rows))
