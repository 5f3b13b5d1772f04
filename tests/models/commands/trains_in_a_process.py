import multiprocessing


def train():
    import small

    small.train()


if __name__ == "__main__":
    import tensorflow  # which the process has from here on

    process = multiprocessing.get_context("fork").Process(target=train)
    process.start()
    process.join()
