import argparse

import small


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--updates", type=int, required=True)
    parser.add_argument("words", nargs="*")
    arguments = parser.parse_args()
    assert arguments.words == ["a b", ""]
    small.train(arguments.updates)


if __name__ == "__main__":
    main()
