import threading
import time

import small


def wait():
    while True:
        time.sleep(0.1)


threading.Thread(target=wait, daemon=True).start()
small.train()
