import os
import signal

import small

small.train()
os.kill(os.getpid(), signal.SIGKILL)
