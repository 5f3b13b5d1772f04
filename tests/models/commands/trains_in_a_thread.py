import threading

import small

threading.Thread(target=small.train).start()
