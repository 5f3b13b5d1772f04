import sys

import small

if len(sys.argv) < 2:
    sys.exit(0)
small.train()
