import sys

import small

for _ in range(40):
    print("x" * 99_999)
    sys.stderr.write("y" * 100_000)
small.train()
