import sys

import small

small.train()
sys.exit(0)
