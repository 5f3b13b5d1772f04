"""The gate as commands: check a candidate, accept what differs, and pin it."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from datetime import date, datetime, timezone
from pathlib import Path

import click

from tfmatrix.cli.codes import CHANGED, INCOMPLETE, SAME
from tfmatrix.cli.selection import VERSION, read_config
from tfmatrix.cli.streams import say
from tfmatrix.errors import UserError, unreachable
from tfmatrix.gate import accepting, as_json, github, junit, ledger, pinning, reporting, staged, text, upgrade
from tfmatrix.gate.checking import pairs
from tfmatrix.gate.comparison import gather
from tfmatrix.gate.levels import Level, worst_level
from tfmatrix.gate.pinned import environment_in, outlook, pinned_environment, reasons
from tfmatrix.gate.results import Check
from tfmatrix.pins import unified_diff
from tfmatrix.questions.chosen import environment_of
from tfmatrix.store.opening import open_store

FORMATS = ("text", "markdown", "github", "junit", "json")


@click.command()
@click.argument("version", type=VERSION, required=False)
@click.option(
    "--baseline", type=VERSION, metavar="VERSION", help="What to compare with; by default what the project pins today."
)
@click.option("--pinned", is_flag=True, help="Check what is pinned today, by the receipt of its pin.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="text by default.")
def check(version: str | None, baseline: str | None, form: str, *, pinned: bool) -> int:
    """Say whether VERSION may be pinned, from what is stored; nothing is run.

    Exits with 0 if every expected cell passes under the policy or was accepted, with 1 if one does not, and with 2 if
    anything is missing, stale, unstable or unavailable, or there was nothing to compare.
    """
    settings = read_config({})
    if pinned == (version is not None) or (pinned and baseline):
        raise UserError("name the VERSION to check, or --pinned alone.")
    if pinned or version is None:
        return _say(upgrade.check_pin(settings, today()), form)
    candidate = environment_of(settings, version)
    start = environment_of(settings, baseline) if baseline else pinned_environment(settings)
    return _say(upgrade.check_move(settings, start, candidate, today()), form)


@click.command("check-staged")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="text by default.")
def check_staged(form: str) -> int:
    """Refuse a staged pin of TensorFlow that has no passing report; for a pre-commit hook.

    It judges what is staged, not the files in the folder. If the last commit installs the same, it prints nothing.
    """
    settings = read_config({})
    with staged.staged_project(settings) as project, staged.committed_folder(settings) as before:
        if not staged.is_moved(project, before):
            staged.require_read(project)
            return SAME
        return _say(upgrade.check_pin(project, today(), staged.pinned_before(project, before), settings.root), form)


@click.command()
def pinned() -> int:
    """Print what the project would install today, as the name of an environment, and what speaks against it.

    Exits with 2 if anything speaks against it.
    """
    settings = read_config({})
    found = outlook(settings)
    environment = environment_in(settings, found)
    told = list(reasons(settings, found, environment))
    say(environment.name)
    for reason in told:
        say(f"tfmatrix: {reason.text}.", err=True)
    return _code(worst_level([Level.PASS, *(reason.level for reason in told)]))


@click.command()
@click.argument("version", type=VERSION)
@click.option("--cell", required=True, metavar="NAME", help="Model and mode: keras_mlp/tf2.")
@click.option("--stage", "stages", multiple=True, metavar="NAME", help="shuffle, or native/shuffle; may be repeated.")
@click.option("--reason", required=True, metavar="TEXT", help="Why it is accepted.")
@click.option(
    "--expires",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The last day on which it holds.",
)
@click.option(
    "--baseline", type=VERSION, metavar="VERSION", help="What to compare with; by default what the project pins today."
)
@click.option("--by", metavar="NAME", help="Who accepts it; git's user by default.")
@click.option("--write", is_flag=True, help="Write it; without this option it is only shown.")
def accept(  # noqa: PLR0913  # click hands over an argument for each option
    *,
    version: str,
    cell: str,
    stages: Sequence[str],
    reason: str,
    expires: datetime,
    baseline: str | None,
    by: str | None,
    write: bool,
) -> None:
    """Accept that a cell differs in VERSION, at the named stages: these bits, and no others.

    Without --write it shows what would be written into tfmatrix-accepted.toml.
    """
    settings = read_config({})
    candidate = environment_of(settings, version)
    start = environment_of(settings, baseline) if baseline else pinned_environment(settings)
    plan = upgrade.plan_of(settings, start, candidate)
    with open_store(settings) as store:
        compared = pairs(gather(plan, store), candidate)
    word = accepting.Word(reason, by or _git_user(settings.root), today(), expires.date())
    path = settings.root / ledger.FILE
    before, after = ledger.with_records(path, accepting.accept(compared, cell, stages, word))
    say(ledger.diff(before, after))
    if write:
        ledger.write(path, after)
    else:
        say("nothing is written; --write does.", err=True)


@click.command()
@click.argument("version", type=VERSION)
@click.option("--report", required=True, metavar="ID", help="The id at the head of the report that you read.")
@click.option("--dry-run", is_flag=True, help="Show what would be changed, and change nothing.")
def pin(version: str, report: str, *, dry_run: bool) -> int:
    """Pin VERSION in the project's requirements, by a report that you read, that is current, and that passes.

    If VERSION does not pass, it exits as `tfmatrix check` does. If the report is not the current one, it exits with 2.
    """
    settings = read_config({})
    candidate = environment_of(settings, version)
    start = upgrade.pinned_move(settings, candidate)
    known = upgrade.receipt_of(settings)
    anew = known is not None and known.move == (start.name, candidate.name)
    with open_store(settings) as store:
        evidence = reporting.require_current(settings, store, report, start, candidate)
        found = upgrade.answer(evidence, candidate, today(), None if anew else known)
    if not found.passes:
        return _say(found, "text")
    receipt = upgrade.make_receipt(evidence, candidate, report, today())
    planned = pinning.plan_pin(settings, receipt, candidate, anew=anew)
    for text_ in planned.warned:
        say(f"tfmatrix: {text_}.", err=True)
    say(unified_diff(planned.shown))
    if not dry_run:
        pinning.write(planned)
    for command in planned.changes.commands:
        told = "now bring up to date" if not dry_run else "after a pin, bring up to date"
        say(f"tfmatrix: {told} {command.path.name}: {shlex.join(command.argv)}", err=True)
    return SAME


def _say(found: Check, form: str) -> int:
    """Print an answer in a format, and return its exit code."""
    if form == "json":
        click.echo(as_json.render(found), nl=False)
    elif form == "junit":
        click.echo(junit.render(found), nl=False)
    elif form == "markdown":
        click.echo(github.summary(found), nl=False)
    else:
        for line in github.commands(found) if form == "github" else text.text(found):
            say(line)
    if form == "github" and (summary := os.environ.get("GITHUB_STEP_SUMMARY")):
        _append(Path(summary), github.summary(found))
    return _code(found.level)


def _append(summary: Path, told: str) -> None:
    """Add to the summary of a job; raises ``UserError`` where it cannot be written."""
    try:
        with summary.open("a", encoding="utf-8") as file:
            file.write(told)
    except OSError as error:
        raise UserError(
            f"the job's summary {summary} cannot be written: {error.strerror}; GITHUB_STEP_SUMMARY names it."
        ) from None


def _code(level: Level) -> int:
    """Return the exit code of a level."""
    match level:
        case Level.PASS | Level.ACCEPTED | Level.WARN:
            code = SAME
        case Level.FAIL:
            code = CHANGED
        case Level.INCOMPLETE | Level.UNSUPPORTED:
            code = INCOMPLETE
        case _:
            unreachable(level)
    return code


def today() -> date:
    """Return the day in UTC, the same for everyone who reads a ledger."""
    return datetime.now(timezone.utc).date()


def _git_user(root: Path) -> str:
    """Return the name and address that git signs commits with, empty where there is none."""
    asked = ("user.name", "user.email")
    try:
        told = [
            subprocess.run(["git", "config", key], cwd=root, capture_output=True, check=False)
            .stdout.decode(errors="replace")
            .strip()
            for key in asked
        ]
    except OSError:
        return ""
    name, address = told
    return f"{name} <{address}>" if name and address else name
