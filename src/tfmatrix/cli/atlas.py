"""The atlas as a command: what changed between releases in TensorFlow and in Keras, and what of it a model uses."""

from __future__ import annotations

from typing import Any

import click

from tfmatrix.cli.asking import Question, Way, ask
from tfmatrix.cli.selection import PRINTING, RUNNING, VERSION, options, read_config
from tfmatrix.cli.view import View
from tfmatrix.errors import UserError
from tfmatrix.questions.atlas import shipped
from tfmatrix.questions.atlas.answer import answer, problems
from tfmatrix.questions.atlas.plan import make_atlas_plan
from tfmatrix.questions.atlas.report import write_report
from tfmatrix.questions.static import answer as static_answer
from tfmatrix.questions.static.plan import make_static_plan
from tfmatrix.questions.static.report import write_report as write_static

ATLAS = Question(write_report, answer, problems)
STATIC = Question(write_static, static_answer.answer, static_answer.problems, static_answer.is_changed)

EXAMPLE = "\b\n$ tfmatrix atlas --versions 2.15.1,2.16.2\n$ tfmatrix atlas 2.16.2 --since 2.15.1 --model my_model"


@click.command(epilog=EXAMPLE)
@click.option(
    "--ops",
    "names",
    metavar="GLOB",
    default="",
    help="Only these ops or names of Keras: 'MatMul*', 'keras.layers.*'; all by default.",
)
@options("versions", "modes", "seed", "python", "distribution", "reports", *RUNNING, "on", "stored", *PRINTING)
@click.option("--model", "models", metavar="LIST", help="Say which of the changes these models use.")
@click.option(
    "--since",
    type=VERSION,
    metavar="VERSION",
    help="With --model: the release that they run in now; by default the baseline.",
)
@click.argument("version", type=VERSION, required=False, metavar="[VERSION]")
def atlas(*, version: str | None, since: str | None, names: str, **choices: Any) -> int:
    """Run every op, and every class and function of Keras, alone in each release, and write reports/atlas.md.

    No model is needed. What is stored is not run again: if you add a release, only that release is run. Exits with 0
    when everything that was asked for is known, whatever was found, and with 2 when something is missing.

    With --model, say which ops and Keras classes of a model changed up to VERSION, and write reports/static.md. The
    answer is from the atlas that tfmatrix brings: no environment is made. The model is recorded once, in an environment
    that is made already. Exits with 0 when nothing changed, with 1 when something did, and with 2 when that is not
    known.
    """
    way = Way.of(choices)
    if choices["models"] is None:
        return _of_all(choices, way, names, beside=(version, since))
    if names:
        raise UserError("--ops chooses what the atlas runs, so it does not go with --model.")
    if version is None:
        raise UserError("name the release that the model is to run in: tfmatrix atlas 2.16.2 --model my_model.")
    if choices["versions"] is not None:
        raise UserError("--model asks about the way from --since to one VERSION, so --versions does not go with it.")
    settings = read_config(choices)
    plan = make_static_plan(settings, shipped(), since=since or settings.baseline, until=version)
    return ask(STATIC, plan, View(), way)


def _of_all(choices: dict[str, Any], way: Way, names: str, *, beside: tuple[str | None, str | None]) -> int:
    if any(beside) or choices["modes"] is not None:
        raise UserError("VERSION, --since and --modes are for --model; without it, --versions names the releases.")
    return ask(ATLAS, make_atlas_plan(read_config(choices), names), View(), way)
