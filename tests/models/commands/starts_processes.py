import subprocess

import small

subprocess.Popen(["sleep", "1000"])
subprocess.Popen(["sleep", "1000"], start_new_session=True)
print(subprocess.run(["echo", "done"], capture_output=True).stdout)
small.train()
