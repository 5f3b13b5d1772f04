import sys

import small

small.train()
sys.exit("no convergence after 3 updates")
