"""Steps recorded op by op in real releases, and replayed there and elsewhere, without a store."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from tfmatrix import config
from tfmatrix.compare.distance import Distance, measure
from tfmatrix.questions.explain import export
from tfmatrix.questions.explain.export import Repro
from tfmatrix.questions.explain.kernels import Kernel, Kernels, Replayed, digest, handed, kernels, made, replayed
from tfmatrix.questions.explain.streams import Recording, recorded
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.records import UNSUPPORTED, ExpectedTrial, Feed, Model, Ops, Replay, Tensor, Trial, Work
from tfmatrix.runner.events import Finished
from tfmatrix.runner.observing import observe
from tfmatrix.store.fingerprints import to_array

from .project import Project


class Steps:
    """Steps of some models in some releases."""

    def __init__(
        self,
        folder: Path,
        versions: Iterable[str],
        models: Iterable[Path],
        mode: str = "tf2",
        scripts: Mapping[str, str] | None = None,
        *,
        files: Iterable[Path] = (),
        variables: str = "",
    ) -> None:
        self.folder = folder
        self.tensors: dict[str, Tensor] = {}
        versions = list(versions)
        project = Project(folder / "project", versions, models)
        with (project.folder / "pyproject.toml").open("a", encoding="utf-8") as table:
            for name, source in (scripts or {}).items():
                (project.folder / f"{name}.py").write_text(source, encoding="utf-8")
                row = f'[tool.tfmatrix.models.{name}]\ncommand = ["python", "{name}.py"]\nmodes = ["{mode}"]\n'
                table.write(row)
            for file in files:
                shutil.copytree(file.parent, project.folder / "files", dirs_exist_ok=True)
                name = file.name.replace(".", "_")
                table.write(f'[tool.tfmatrix.models.{name}]\nfile = "files/{file.name}"\nmodes = ["{mode}"]\n')
            if variables:
                table.write(f"[tool.tfmatrix.launches.default]\nvariables = {{ {variables} }}\n")
        settings = config.load(project.folder).overridden(modes=[mode], baseline=versions[0])
        self._plan = make_plan(settings)

    def run(self, version: str, works: Mapping[str, Work]) -> dict[str, Finished]:
        """Do some work with models, by their names, in one release and one process."""
        trials = [replace(self._trial(version, model), work=work) for model, work in works.items()]
        done = [event for event in observe(trials, self._plan.config) if isinstance(event, Finished)]
        for one in done:
            whole = {name: tensor for name, tensor in one.tensors.items() if tensor.whole}
            self.tensors = {**one.tensors, **self.tensors, **whole}
        return {one.expected.cell.model.name: one for one in done}

    def record(self, version: str, models: Iterable[str] = ()) -> dict[str, Recording]:
        """Return the steps of some models, or of all, in one release, without what it does not have."""
        names = list(models) or [model.name for model in self._plan.models]
        found = {}
        for name, one in self.run(version, dict.fromkeys(names, Ops())).items():
            if one.trial.outcome == UNSUPPORTED:
                continue
            recording = recorded(one.trace, self.tensors.__getitem__)
            assert recording, one.trial
            found[name] = recording
        return found

    def hand(self, recording: Recording) -> Path:
        """Return the file that has a step to be replayed."""
        path = self.folder / digest(recording)
        path.write_bytes(handed(recording, self.tensors.__getitem__))
        return path

    def replay(self, version: str, recordings: Mapping[str, Recording]) -> dict[str, Replayed]:
        """Return what came of replaying steps in one release."""
        works = {name: Replay(digest(one), str(self.hand(one))) for name, one in recordings.items()}
        found = {}
        for name, one in self.run(version, works).items():
            came = replayed(one.trace, self.tensors.__getitem__)
            assert came, one.trial
            found[name] = came
        return found

    def compare(self, base: str, other: str, models: Iterable[str] = ()) -> dict[str, Kernels]:
        """Return what replaying the steps of one release says of another."""
        steps = self.record(base, models)
        own = self.replay(base, steps)
        there = own if other == base else self.replay(other, steps)
        return {name: kernels(steps[name], own[name], there[name], self.distance) for name in steps}

    def feed(self, version: str, model: str, recording: Recording, numbers: Iterable[int]) -> Recording:
        """Return a step in one release in which some ops are fed what they make in a recording."""
        fed = tuple(sorted(numbers))
        path = self.folder / f"{digest(recording)}-{'-'.join(map(str, fed))}"
        path.write_bytes(made(recording, fed, self.tensors.__getitem__))
        (done,) = self.run(version, {model: Feed(digest(recording), fed, str(path))}).values()
        found = recorded(done.trace, self.tensors.__getitem__)
        assert found, done.trial
        return found

    def repro(self, kernel: Kernel, base: str, other: str) -> Repro:
        """Return a kernel that changed as what anybody can run."""
        cells = {cell.environment.name: cell for cell in self._plan.cells}
        return export.repro(kernel, cells[base], cells[other], self.tensors.__getitem__)

    @property
    def models(self) -> tuple[Model, ...]:
        """The models, each variant of one by itself."""
        return self._plan.models

    @property
    def config(self) -> config.Config:
        """The configuration of the project."""
        return self._plan.config

    def distance(self, a: str, b: str) -> Distance:
        """Return the distance of two digests."""
        return measure(to_array(self.tensors[a]), to_array(self.tensors[b]))

    def _trial(self, version: str, model: str) -> ExpectedTrial:
        cells = (cell for cell in self._plan.cells if (cell.environment.name, cell.model.name) == (version, model))
        return self._plan.trials[next(cells)][0]


def outcome(trial: Trial) -> tuple[str, str]:
    """Return what became of a trial, and where it ended."""
    return trial.outcome, trial.where
