import threading

import small

thread = threading.Thread(target=small.train, args=[10**9])
thread.start()
thread.join()
