"""What is mutated, what is done with it, and what may come of it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import sqlite3
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout, suppress
from datetime import date
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple
from unittest import mock

import tomlkit

from building import CANDIDATE, ones, plan_of, tensor, traced
from gate.project import LATER, TODAY, gated, of_candidate
from tfmatrix import cli, keys
from tfmatrix.cli import gate
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.matrix import summary as matrix
from tfmatrix.reading import toml_in
from tfmatrix.records import OBSERVED
from tfmatrix.report.document import of_shape
from tfmatrix.runner.answers import to_trial
from tfmatrix.store.fingerprints import tensor_digest, trace_digest

from .mutating import VALUES, of_bytes, of_data

PATIENCE = 60.0
"""Seconds after which an input hangs."""

HUNG, WRONG = "hung", "wrong green"
"""What becomes of an input besides an exit code."""

DIFFERS = of_candidate(weights=[9.0] * 4)


class Hung(BaseException):
    """A command did not end; none of tfmatrix's own handlers takes it for an error."""


class Said(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


class Found(NamedTuple):
    """What became of one input: an exit code, or a word for what must not be; and where it must not be what it was."""

    became: int | str
    told: str = ""


@contextmanager
def patience() -> Iterator[None]:
    """Raise `Hung` where what is within takes too long."""

    def ring(*_: object) -> None:
        raise Hung

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def command(*arguments: str, day: date = TODAY) -> Said:
    """Run a command in this process, on a day."""
    out, err = io.StringIO(), io.StringIO()
    today = mock.patch.object(gate, "today", return_value=day)
    typed = mock.patch.object(sys, "argv", ["tfmatrix", *arguments])
    once = mock.patch.object(keys, "probe_source", _probe_source)
    with redirect_stdout(out), redirect_stderr(err), today, typed, once:
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code
    assert isinstance(code, int)
    return Said(code, out.getvalue(), err.getvalue())


_probe_source = cache(keys.probe_source)


class Target(ABC):
    """One kind of input."""

    weight: int
    """Its share of all inputs."""

    def __init__(self, folder: Path) -> None:
        """Make what inputs are tried on, in a folder that is the working folder then."""
        self.folder = folder
        os.chdir(folder)
        self.prepare()

    @abstractmethod
    def prepare(self) -> None:
        """Make it."""

    def attempt(self, random: Random) -> Found:
        """Try one input, and leave everything as it was before."""
        try:
            with patience():
                return self.one(random)
        except Hung:
            return Found(HUNG, "it did not end")
        finally:
            self.restore()

    @abstractmethod
    def one(self, random: Random) -> Found:
        """Try one input."""

    def restore(self) -> None:  # noqa: B027  # an answer changes nothing
        """Put back what an input changed."""


class OfAFile(Target):
    """Inputs of one file of a project."""

    file: str

    def __init__(self, folder: Path) -> None:
        """Make the project, and keep the file as it is."""
        super().__init__(folder)
        self.path = folder / self.file
        self.content = self.path.read_bytes()

    def one(self, random: Random) -> Found:
        """Write other bytes, and ask."""
        changed = self.mutated(random)
        self.path.write_bytes(changed)
        said = command(*self.asked(changed, random))
        if said.code == cli.OUR_FAULT:
            return Found(said.code, said.err)
        if said.code == cli.SAME and (why := self.red(changed, said)):
            return Found(WRONG, f"{why}: {said.out}")
        lines = said.err.splitlines()
        if said.code == cli.INCOMPLETE and not said.out and not (lines and lines[0].startswith("tfmatrix: ")):
            return Found(WRONG, f"2 without a sentence: {said.err}")
        return Found(said.code)

    def mutated(self, random: Random) -> bytes:
        """Return the file's bytes changed."""
        return of_bytes(self.content, random)

    def asked(self, changed: bytes, random: Random) -> tuple[str, ...]:  # of other files
        """Return the command that reads it."""
        return "check", CANDIDATE

    def red(self, changed: bytes, said: Said) -> str:  # of other files
        """Return why an input must not pass, empty where it may: the project differs, and nothing lets that pass."""
        return "weights of 3 and 9 pass"

    def restore(self) -> None:
        """Put the file back."""
        if self.path.is_dir():
            shutil.rmtree(self.path)
        self.path.write_bytes(self.content)


class OfTOML(OfAFile):
    """Inputs of a TOML file, half of them well-formed."""

    def mutated(self, random: Random) -> bytes:
        """Change its bytes or what it says."""
        if random.randrange(2):
            return of_bytes(self.content, random)
        with suppress(Exception):  # TOML has no null, and no half of a character
            return tomlkit.dumps(of_data(toml_in(self.content.decode()), random)).encode()
        return of_bytes(self.content, random)


class Configuration(OfTOML):
    """The configuration, with rules about a stage that does not differ."""

    weight, file = 10, "pyproject.toml"

    def prepare(self) -> None:
        """Make it."""
        rules = '[[tool.tfmatrix.policy.rules]]\nstage = "{}"\n{}\n'
        more = rules.format("init", 'warn = ["different"]') + rules.format("gradient", "ratio = 20")
        launch = '[tool.tfmatrix.launches.plain]\nintra_op = 1\nvariables = { A = "b" }\n'
        gated(self.folder, DIFFERS, ["same"], launch + more, modes=["tf2"])

    def red(self, changed: bytes, said: Said) -> str:
        """Return nothing where a rule lets it pass that says so and is named."""
        return "" if "let pass by" in said.out else "weights of 3 and 9 pass, and no rule is named"


class Model(OfAFile):
    """A model file."""

    weight, file = 5, "reference_models/other.py"

    def prepare(self) -> None:
        """Make it."""
        gated(self.folder, DIFFERS, {"same": "# same\n", "other": 'VARIANTS = {"a": {}}\n\n\ndef build():\n    pass\n'})


class Requirements(OfAFile):
    """A requirement file."""

    weight, file = 15, "requirements.txt"

    def prepare(self) -> None:
        """Make it."""
        gated(self.folder, DIFFERS, ["same"], modes=["tf2"])
        hashes = f"numpy==1.26.4 ; python_version > '3' \\\n    --hash=sha256:{'a' * 64}\n"
        self.folder.joinpath("requirements.txt").write_text(f"tensorflow-cpu==2.15.1  # pinned\nrequests>=2\n{hashes}")

    def asked(self, changed: bytes, random: Random) -> tuple[str, ...]:
        """Ask what is pinned, or whether it may be replaced."""
        return random.choice((("pinned",), ("pinned",), ("check", CANDIDATE)))

    def red(self, changed: bytes, said: Said) -> str:
        """Return nothing where what is pinned was printed, as one name; of a check nothing passes."""
        name = said.out.strip()
        return "" if name and " " not in name and name[0].isdigit() else "weights of 3 and 9 pass"


class Conda(Requirements):
    """An environment file of conda."""

    weight, file = 10, "environment.yml"

    def prepare(self) -> None:
        """Make it."""
        gated(self.folder, DIFFERS, ["same"], modes=["tf2"])
        self.folder.joinpath("requirements.txt").unlink()
        self.folder.joinpath("environment.yml").write_text(
            "name: x\nchannels: &a [conda-forge]\ndependencies:\n  - python=3.10\n  - conda-forge::tensorflow=2.15.1\n"
            "  - keras=2.15.0\n  - numpy=1.26.4\n  - pip:\n      - requests>=2\nother: *a\n"
        )


class Ledger(OfTOML):
    """A ledger that accepts the one difference there is."""

    weight, file = 10, "tfmatrix-accepted.toml"

    def prepare(self) -> None:
        """Make it."""
        gated(self.folder, DIFFERS, ["same"], modes=["tf2"])
        usual = ("--reason", "r", "--by", "b", "--expires", LATER, "--write")
        assert command("accept", CANDIDATE, "--cell", "same/tf2", "--stage", "weights", *usual).code == cli.SAME
        assert command("check", CANDIDATE).code == cli.SAME
        (self.record,) = toml_in((self.folder / self.file).read_text())["accepted"]

    def red(self, changed: bytes, said: Said) -> str:
        """Return nothing where a record has its place, its bits, a verdict no lesser and days around today."""
        data = toml_in(changed.decode())
        same = ("from", "to", "machine", "cell", "stage", "baseline", "candidate")
        for record in data.get("accepted", []):
            days = record["on"], record["until"]
            if (
                all(record.get(key) == self.record[key] for key in same)
                and Verdict(record["verdict"]).severity <= Verdict.DIFFERENT.severity
                and days[0] <= TODAY <= days[1]
            ):
                return ""
        return "no record covers the difference"


class Receipt(OfTOML):
    """The receipt of a pin."""

    weight, file = 10, "tfmatrix-pin.toml"

    def prepare(self) -> None:
        """Make it."""
        gated(self.folder, lambda _: ones(), ["same"], modes=["tf2"])
        command("report", "-q")
        id_ = json.loads((self.folder / "reports/matrix.json").read_bytes())["id"]
        assert command("pin", CANDIDATE, "--report", id_).code == cli.SAME
        assert command("check", "--pinned").code == cli.SAME
        self.said = toml_in((self.folder / self.file).read_text())

    def asked(self, changed: bytes, random: Random) -> tuple[str, ...]:
        """Check what is pinned."""
        return "check", "--pinned"

    def red(self, changed: bytes, said: Said) -> str:
        """Return nothing where whatever it relied on is as it was."""
        now = toml_in(changed.decode())
        relied = ("from", "to", "machine", "policy", "evidence", "settings")
        if other := [key for key in relied if now.get(key) != self.said[key]]:
            return f"the receipt holds with another {other[0]}"
        day = now["on"]
        return "" if type(day) is date and day <= TODAY else "the receipt is of a day that has not come"


class Report(OfAFile):
    """The JSON of a report, half of it under an id that is right."""

    weight, file = 8, "reports/matrix.json"

    def prepare(self) -> None:
        """Make it."""
        gated(self.folder, lambda _: ones(), ["same"], modes=["tf2"])
        command("report", "-q")
        self.data = json.loads((self.folder / "reports/matrix.json").read_bytes())
        assert command("pin", CANDIDATE, "--report", self.data["id"], "--dry-run").code == cli.SAME

    def mutated(self, random: Random) -> bytes:
        """Change its bytes, or what it says and its id."""
        if not random.randrange(4):
            return of_bytes(self.content, random)
        data = of_data(self.data, random)
        if isinstance(data, dict) and random.randrange(4):
            rest = {key: value for key, value in data.items() if key != "id"}
            with suppress(ValueError):
                data["id"] = hashlib.sha256(json.dumps(rest).encode()).hexdigest()[:8]
        try:
            return json.dumps(data).encode()
        except ValueError:  # a number of too many digits
            return of_bytes(self.content, random)

    def asked(self, changed: bytes, random: Random) -> tuple[str, ...]:
        """Pin on it, by the id that it bears where it has one."""
        id_ = self.data["id"]
        with suppress(Exception):
            id_ = str(json.loads(changed).get("id", id_))
        return "pin", CANDIDATE, "--dry-run", f"--report={id_}"

    def red(self, changed: bytes, said: Said) -> str:
        """Return nothing where it is pinned on what was written."""
        now, before = (of_shape(data, matrix.Report) for data in (json.loads(changed), self.data))
        return "" if now == before else "another report is pinned on"  # what is as by default need not be there


class Page(Report):
    """The page of a report."""

    weight, file = 2, "reports/matrix.md"

    def mutated(self, random: Random) -> bytes:
        """Change its bytes."""
        return of_bytes(self.content, random)

    def asked(self, changed: bytes, random: Random) -> tuple[str, ...]:
        """Pin on it."""
        return "pin", CANDIDATE, "--dry-run", "--report", self.data["id"]

    def red(self, changed: bytes, said: Said) -> str:
        """Return nothing where it is pinned on the page that was written."""
        return "" if changed == self.content else "another page is pinned on"


class StoreRows(OfAFile):
    """Rows of a store, of any table."""

    weight, file = 15, ".tfmatrix/store.sqlite"

    def prepare(self) -> None:
        """Make it."""
        gated(self.folder, DIFFERS, ["same"], modes=["tf2"])
        command("check", CANDIDATE)
        command("report", "-q")

    def mutated(self, random: Random) -> bytes:
        """Change the file's bytes, or a value or a row of it."""
        if not random.randrange(8):
            return of_bytes(self.content, random)
        other = self.folder / "mutated.sqlite"
        other.write_bytes(self.content)
        with closing(sqlite3.connect(other)) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for _ in range(random.choice((1, 1, 2, 4))):
                with suppress(sqlite3.Error, OverflowError, UnicodeEncodeError):  # what SQLite itself does not take
                    _change_a_row(connection, random.choice(tables), random)
            connection.commit()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        changed = other.read_bytes()
        other.unlink()
        return changed

    def asked(self, changed: bytes, random: Random) -> tuple[str, ...]:
        """Judge, look at every row, list, or write the report."""
        return random.choice(
            (("check", CANDIDATE), ("check", CANDIDATE), ("check-store",), ("cells",), ("report", "-q"))
        )

    def red(self, changed: bytes, said: Said) -> str:
        """Return nothing where it was no check."""
        return "weights of 3 and 9 pass" if f"{CANDIDATE} against" in said.out else ""

    def restore(self) -> None:
        """Put the store back, without what SQLite keeps beside it."""
        super().restore()
        for path in self.path.parent.glob("store.sqlite-*"):
            path.unlink()


def _change_a_row(connection: sqlite3.Connection, table: str, random: Random) -> None:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    key = "kind || key" if table == "facts" else "rowid"
    rows = [row[0] for row in connection.execute(f"SELECT {key} FROM {table}")]
    if not rows:
        return
    row, column = random.choice(rows), random.choice(columns)
    if not random.randrange(8):
        connection.execute(f"DELETE FROM {table} WHERE {key} = ?", (row,))
        return
    (value,) = connection.execute(f"SELECT {column} FROM {table} WHERE {key} = ?", (row,)).fetchone()
    match random.randrange(5):
        case 0:
            plain = [one for one in VALUES if one is None or isinstance(one, int | float | str)]
            value = random.choice(plain)
        case 1:
            value = str(value)
        case 2:
            other = random.choice(rows)
            (value,) = connection.execute(f"SELECT {column} FROM {table} WHERE {key} = ?", (other,)).fetchone()
        case 3 if isinstance(value, str):
            with suppress(ValueError):
                value = json.dumps(of_data(json.loads(value), random))
        case _:
            raw = value if isinstance(value, bytes) else str(value).encode()
            changed = of_bytes(raw, random)
            value = changed if isinstance(value, bytes) else changed.decode("utf-8", "replace")
    connection.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (value, row))


class Answers(Target):
    """What a probe says of a trial."""

    weight = 15

    def prepare(self) -> None:
        """Make it."""
        self.expected = next(iter(plan_of(self.folder).trials.values()))[0]
        trace, tensors = traced(
            {"native init/w": tensor([1.0, -0.0]), "injected init/w": tensor([[3]], "int64"), "native text": tensor([])}
        )
        self.header = {"outcome": OBSERVED, "seconds": 1.5, "peak_kib": 7, "read": [["a", "0" * 64]], "notes": ["n"]}
        self.manifest = {
            "trace": [list(print_) for print_ in trace],
            "tensors": [[name, one.dtype, list(one.shape), len(one.data), one.whole] for name, one in tensors.items()],
        }
        self.data = b"".join(one.data for one in tensors.values())

    def one(self, random: Random) -> Found:
        """Take another header, manifest or bytes for an answer."""
        header, manifest, data = self.header, self.manifest, self.data
        match random.randrange(3):
            case 0:
                header = of_data(header, random)
            case 1:
                manifest = of_data(manifest, random)
            case _:
                data = of_bytes(data, random)
        try:
            encoded = json.dumps(manifest).encode()
        except ValueError:  # a number of too many digits
            encoded = b"9" * 5001
        payload = len(encoded).to_bytes(8, "little") + encoded + data
        if not random.randrange(4):
            payload = of_bytes(payload, random)
        try:
            trial, trace, tensors = to_trial(self.expected, header, payload, self.folder)
        except Exception as error:  # whatever it is, a run would end by it
            return Found(cli.OUR_FAULT, repr(error))
        if trial.outcome != OBSERVED:
            return Found(cli.INCOMPLETE)
        if trial.trace != trace_digest(trace) or {one.digest for one in trace} - set(tensors):
            return Found(WRONG, "a trace that is not its digest's")
        if any(one.whole and tensor_digest(one) != digest for digest, one in tensors.items()):
            return Found(WRONG, "a tensor that is not its digest's")
        return Found(cli.SAME)


TARGETS: dict[str, type[Target]] = {
    "configuration": Configuration,
    "model files": Model,
    "requirement files": Requirements,
    "environment.yml": Conda,
    "ledgers": Ledger,
    "receipts": Receipt,
    "reports": Report,
    "pages": Page,
    "store rows": StoreRows,
    "probe messages": Answers,
}
