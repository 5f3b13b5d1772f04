import argparse

import small

parser = argparse.ArgumentParser()
parser.add_argument("--updates", type=int, required=True)
small.train(parser.parse_args().updates)
