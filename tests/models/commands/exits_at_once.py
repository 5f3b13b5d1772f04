import os

import small

small.train()
os._exit(0)
