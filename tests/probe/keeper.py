"""A keeper of one trial, as a program: it runs code in a child and prints what it saw of it.

Its arguments are the probe's folder, the trial's seconds and MiB, whether anybody waits for the answer, and the code,
which may call ``say`` with an answer's header and payload. It is a process of its own since a keeper, at the end, kills
every process below its own.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import sys


def main(folder: str, seconds: str, memory_mib: str, wanted: str, code: str) -> None:
    """Run the code as a trial, keep it, and print what was kept as JSON."""
    runpy.run_path(f"{folder}/__main__.py", run_name="the_probe")["adopt_folder"]()
    isolation, messages, processes = map(
        importlib.import_module,
        ("tfmatrix_probe.isolation", "tfmatrix_probe.messages", "tfmatrix_probe.processes"),
    )
    processes.adopt_orphans()
    channel = isolation.Channel()
    keeper = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            channel.keep_writing()
            isolation.hold(keeper, channel)
            answers = os.fdopen(channel.writing[0], "wb")
            exec(code, {"say": lambda header, payload=b"": messages.write_message(answers, header, payload)})
            isolation.flush_streams()
            os._exit(0)
        finally:
            os._exit(1)
    channel.keep_reading()
    limits = isolation.Limits(float(seconds), float(memory_mib))
    kept = isolation.keep(child, channel, limits, lambda: wanted == "wanted")
    channel.close()
    told = kept._asdict()
    told["left"] = processes.descendants(keeper)
    told["answer"] = [kept.answer.header, kept.answer.size, kept.answer.whole]
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
