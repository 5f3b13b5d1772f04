"""The noise floor on real releases: what is rounding there, and small changes of meaning that are none."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from selftest.faults import DIFFERENT, Fault
from selftest.planting import Bench
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.records import InstalledEnvironment

from .project import ROOT, WITH_AVX512, Project

pytestmark = pytest.mark.integration

MODELS = Path(__file__).with_name("rounding")
PLANTS = ROOT / "benchmarks" / "limits" / "plants.py"

Make = Callable[..., InstalledEnvironment]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project with the models that releases round otherwise."""
    found = Project(tmp_path_factory.mktemp("floor") / "project", ["2.15.1"], sorted(MODELS.glob("*.py")))
    with (found.folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("trials = 1\n")
    return found


@pytest.mark.parametrize(
    ("baseline", "candidate", "models"),
    [
        pytest.param("2.10.1", "2.11.1", ("adam_17_times[adam]", "adam_is_rounding"), marks=pytest.mark.wide),
        pytest.param("2.14.1", "2.15.1", ("fft_500",), marks=pytest.mark.wide),
        ("2.15.1", "2.16.2", ("fp16_floor",)),
    ],
)
def test_what_a_plain_script_calls_rounding(
    project: Project, made_environment: Make, baseline: str, candidate: str, models: tuple[str, ...]
) -> None:
    """Another precision of a scalar, a more exact FFT, a more exact product in float16: none has another meaning."""
    for version in (baseline, candidate):
        made_environment(version)
    asked = ("--versions", f"{baseline},{candidate}", "--baseline", baseline, "--modes", "tf2")
    ran = project.run("matrix", *asked, "--models", ",".join(models))
    told = {model: project.cell(f"{candidate}/{model}/tf2")["verdict"] for model in models}
    assert told == dict.fromkeys(models, "rounding"), ran.stderr


@pytest.mark.wide
def test_another_meaning_beside_them_stays_one(project: Project, made_environment: Make) -> None:
    """RMSprop's epsilon moved out of the root, and Nadam is another formula: no floor hides that."""
    for version in ("2.10.1", "2.11.1"):
        made_environment(version)
    models = ("adam_17_times[rmspropeps]", "adam_17_times[nadam]")
    asked = ("--versions", "2.10.1,2.11.1", "--baseline", "2.10.1", "--modes", "tf2")
    ran = project.run("matrix", *asked, "--models", ",".join(models))
    for model in models:
        assert project.verdicts(f"2.11.1/{model}/tf2", "native")["update"] == "different", ran.stderr


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, made_environment: Make) -> Iterator[Bench]:
    """Return a bench on a real release, with the plants that the limit is measured by."""
    folder = tmp_path_factory.mktemp("plants")
    shutil.copy(PLANTS, folder)
    with Bench(made_environment("2.15.1"), folder, folder / PLANTS.name, trials=1) as bench:
        yield bench


@pytest.mark.parametrize(
    ("plant", "model", "verdict"),
    [
        ("learning_rate times 1+3e-06", "optimizers[sgd]", DIFFERENT),
        ("learning_rate times 1+1e-05", "keras_mlp", DIFFERENT),
        ("learning_rate times 1+1e-05", "optimizers[adam]", DIFFERENT),
        ("learning_rate times 1+0.0001", "optimizers[adam]", DIFFERENT),
        ("learning_rate times 1+0", "optimizers[adam]", Verdict.IDENTICAL),
        ("epsilon times 1+0.01", "mlp", DIFFERENT),
        pytest.param("loss times 1+1e-06", "mlp", DIFFERENT, marks=WITH_AVX512),
        ("loss times 1+2e-06", "mlp", DIFFERENT),
        ("loss times 1+0", "mlp", Verdict.IDENTICAL),
        ("one row skipped", "mlp", DIFFERENT),
    ],
)
def test_a_small_change_of_meaning_is_found(bench: Bench, plant: str, model: str, verdict: Verdict) -> None:
    """What is common to all elements is found below the rounding of each; a factor of one changes nothing."""
    cell, _ = bench.plant(Fault(plant, model, "tf2", "native", "", DIFFERENT))
    assert cell.verdict == verdict.value
