"""An attacker of the gate: files, results, configuration and clock are changed in any order; no wrong thing passes."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from building import BASELINE, CANDIDATE, fill, ones
from gate.project import TODAY, make_gated_project
from tfmatrix import cli, config
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.records import ExpectedTrial
from tfmatrix.store.store import Store

from .targets import Said, command

MODELS = ("a", "b", "c")

SEED = 42
"""The seed that anything was run with."""

RULE = '[[tool.tfmatrix.policy.rules]]\nmodel = "b"\nstage = "weights"\npass = ["different"]\n'

models = st.sampled_from(MODELS)


class Attacker(RuleBasedStateMachine):
    """A project, and a plain oracle: what is there, what was seen of it, and on whose word it may pass."""

    def __init__(self) -> None:
        """Make a project in which nothing differs."""
        super().__init__()
        self.before, self.folder = Path.cwd(), Path(tempfile.mkdtemp(prefix="tfmatrix-attacked-"))
        os.chdir(self.folder)
        make_gated_project(self.folder, MODELS, modes=["tf2"])
        self.project = (self.folder / "pyproject.toml").read_text(encoding="utf-8")
        self.day, self.seed, self.rule, self.removed = TODAY, SEED, False, set[str]()
        self.content = {model: f"# {model}\n" for model in MODELS}
        """Of each model file that is there its text."""
        self.seen: dict[str, dict[str, int]] = {}
        """Of each model, by the texts that were run, what the candidate's weights are; 0: those of the baseline."""
        self.last: dict[str, int] = {}
        """Of each model what the weights were when it was last run."""
        self.accepted: dict[str, tuple[int, date, date]] = {}
        """Of each model the bits that were accepted, from which day and until which."""
        self.reported: dict[str, set[Any]] = {"model": set(), "seed": set()}
        """Everything that a report was made of."""
        self.read: Any = None
        """What the report rests on that lies there; None where it is not the one that was written."""
        self.run()

    def teardown(self) -> None:
        """Leave nothing."""
        os.chdir(self.before)
        shutil.rmtree(self.folder)

    def say(self, *arguments: str) -> Said:
        """Run a command on the day that it is; whatever was done, nothing of ours breaks."""
        said = command(*arguments, day=self.day)
        assert said.code in {cli.SAME, cli.CHANGED, cli.INCOMPLETE}, said.err
        return said

    def state(self) -> Any:
        """Return all that a report rests on; what was once seen of a model that is gone is no part of it."""
        rule = self.rule and "b" in self.content  # of a model that is gone it is not written
        return [sorted((model, text, self.bits(model)) for model, text in self.content.items()), rule, self.seed]

    def bits(self, model: str) -> int | None:
        """Return what was seen of a model as it is now, at any time; None where that was not run, or is lost."""
        return self.seen.get(model, {}).get(self.content[model])

    def vanished(self) -> set[str]:
        """Return what reports had and is not asked for."""
        now: dict[str, set[Any]] = {"model": set(self.content), "seed": {self.seed}}
        return {f"{kind} {name}" for kind, names in self.reported.items() for name in names - now[kind]}

    def obstacles(self) -> list[str]:
        """Return why nothing may pass, by the plainest of rules."""
        told = [f"{name} vanished" for name in self.vanished() - self.removed]
        told += [f"{name} is asked for" for name in self.removed & {f"model {m}" for m in self.content}]
        told += ["another seed was never run"] if self.seed != SEED else []
        for model in self.content:
            bits, first, last = self.accepted.get(model, (0, self.day, self.day))
            seen = self.bits(model)
            word = (self.rule and model == "b") or (bits == seen and first <= self.day <= last)
            if seen is None:
                told.append(f"{model} was not run as it is")
            elif seen and not word:
                told.append(f"{model} differs")
        return told

    @rule()
    def run(self) -> None:
        """Run whatever is there and was not."""
        for model in self.content:
            self.observe(model, self.last.get(model, 0))

    @rule(model=models, bits=st.integers(0, 2))
    def observe(self, model: str, bits: int) -> None:
        """Have a model give these bits in the candidate."""
        if model not in self.content:
            return
        self.write(seed=SEED, removed=set())  # what is run is run as it always was
        plan = make_plan(config.load(self.folder).overridden(models=[model]))

        def answer(expected: ExpectedTrial) -> Any:
            return ones(weights=[3.0 + 3 * bits] * 4) if expected.cell.environment.name == CANDIDATE else ones()

        with Store(self.folder / ".tfmatrix" / "store.sqlite") as store:
            fill(store, plan, answer)
        self.seen.setdefault(model, {})[self.content[model]] = self.last[model] = bits
        self.write(seed=self.seed, removed=self.removed)

    def write(self, *, seed: int, removed: set[str]) -> None:
        """Write the configuration."""
        head, _, rest = self.project.partition("\n")
        said = f"seed = {seed}\nremoved = {json.dumps(sorted(removed))}"
        text = f"{head}\n{said}\n{rest}\n{RULE if self.rule and 'b' in self.content else ''}"
        (self.folder / "pyproject.toml").write_text(text, encoding="utf-8")

    @rule(model=models, text=st.sampled_from(["# edited\n", "# again\n", ""]))
    def edit(self, model: str, text: str) -> None:
        """Edit a model, or bring it back as it was."""
        self.content[model] = text or f"# {model}\n"
        (self.folder / "reference_models" / f"{model}.py").write_text(self.content[model], encoding="utf-8")
        self.write(seed=self.seed, removed=self.removed)

    @rule(model=models, hidden=st.booleans())
    def remove(self, model: str, hidden: bool) -> None:
        """Delete a model, or rename it so that it is none."""
        path = self.folder / "reference_models" / f"{model}.py"
        if model not in self.content or len(self.content) == 1:
            return
        path.rename(path.with_name(f"_{model}.py")) if hidden else path.unlink()
        del self.content[model]
        self.write(seed=self.seed, removed=self.removed)

    @rule(names=st.sets(st.sampled_from([f"model {model}" for model in MODELS] + ["seed 42"]), max_size=2))
    def settle(self, names: set[str]) -> None:
        """Say that something is removed."""
        self.removed = names
        self.write(seed=self.seed, removed=names)

    @rule(loose=st.booleans(), seed=st.sampled_from([SEED, SEED, 7]))
    def configure(self, loose: bool, seed: int) -> None:
        """Loosen the policy for one model, or ask with another seed."""
        self.rule, self.seed = loose, seed
        self.write(seed=seed, removed=self.removed)

    @rule(days=st.integers(-200, 200))
    def set_the_clock(self, days: int) -> None:
        """Move the clock."""
        self.day = TODAY + timedelta(days)

    @rule(model=models, days=st.integers(0, 300))
    def accept(self, model: str, days: int) -> None:
        """Accept that a model differs."""
        until = self.day + timedelta(days)
        said = self.say(
            "accept", CANDIDATE, "--cell", f"{model}/tf2", "--stage", "weights", "--reason", "r", "--by", "b",
            "--expires", str(until), "--write",
        )  # fmt: skip
        if said.code == cli.SAME:
            bits = self.bits(model)
            assert bits
            self.accepted[model] = bits, self.day, until

    @rule(model=models, days=st.integers(1, 300))
    def stretch(self, model: str, days: int) -> None:
        """Edit the last day of every record, which a review would see."""
        path = self.folder / "tfmatrix-accepted.toml"
        if path.exists():
            path.write_text(re.sub("until = .*", f"until = {TODAY + timedelta(days)}", path.read_text()))
            self.accepted = {m: (b, on, TODAY + timedelta(days)) for m, (b, on, _) in self.accepted.items()}

    @rule(model=models)
    def lose(self, model: str) -> None:
        """Lose a trial of a model."""
        with Store(self.folder / ".tfmatrix" / "store.sqlite") as store:
            gone = store.connection.execute(
                "DELETE FROM trials WHERE id = ?", (f"{CANDIDATE}/{model}/tf2 trial-2",)
            ).rowcount
        if gone:
            self.seen.pop(model, None)

    @rule()
    def report(self) -> None:
        """Write the report."""
        self.say("report", "-q")
        settled = self.removed & self.vanished()
        for kind, now in (("model", set(self.content)), ("seed", {self.seed})):
            self.reported[kind] = {n for n in self.reported[kind] | now if f"{kind} {n}" not in settled}
        self.read = self.state()

    @rule(name=st.sampled_from(["matrix.md", "matrix.json"]))
    def forge(self, name: str) -> None:
        """Edit the report or its page."""
        path = self.folder / "reports" / name
        if path.exists():
            path.write_text(path.read_text(encoding="utf-8").replace("different", "identical") + " ", encoding="utf-8")
            self.read = None if name == "matrix.md" else self.read

    @precondition(lambda self: (self.folder / "reports" / "matrix.json").exists())
    @rule()
    def pin(self) -> None:
        """Nothing is pinned that has an obstacle, or on another report than the one that says what is so now."""
        found = re.search('"id": "([0-9a-f]{8})"', (self.folder / "reports" / "matrix.json").read_text())
        said = self.say("pin", CANDIDATE, "--dry-run", "--report", found[1] if found else "0" * 8)
        if said.code == cli.SAME:
            assert not self.obstacles(), said.out
            assert self.read == self.state(), said.out

    @invariant()
    def nothing_passes_that_must_not(self) -> None:
        """Whatever was done, nothing passes that has an obstacle; and where nothing was done but to run, all does."""
        said = self.say("check", CANDIDATE, "--baseline", BASELINE)
        assert said.code != cli.SAME or not self.obstacles(), (self.obstacles(), said.out)
        touched = self.accepted, self.reported["model"], self.removed, self.rule
        assert said.code == cli.SAME or any(touched) or self.obstacles(), said.out


Attacker.TestCase.settings = settings(
    max_examples=int(os.environ.get("TFMATRIX_ATTACKS", "8")),
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

TestAttacker = Attacker.TestCase
