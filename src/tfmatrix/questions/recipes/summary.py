"""The audit of recipes as plain data: what `recipes.json` holds and `recipes.md` is rendered from."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tfmatrix import __version__
from tfmatrix.environments.machine import machine_id
from tfmatrix.questions.recipes.judge import SAME, Effect
from tfmatrix.questions.recipes.recipes import RECIPES
from tfmatrix.questions.recipes.results import Audit, Environs, Found
from tfmatrix.questions.recipes.scripts import CORE, MODELS, Recipe
from tfmatrix.questions.recipes.variations import VARIATIONS
from tfmatrix.report.document import report_id, to_text

__all__ = ["SCHEMA", "Data", "summarise", "to_text"]

SCHEMA = 1

Data = dict[str, Any]


def summarise(audit: Audit) -> Data:
    """Return the whole audit as JSON has it, under an id that is the digest of everything else."""
    audited = {found.cell.script.model.name for found in audit.found}
    content = {
        "schema": SCHEMA,
        "tfmatrix": __version__,
        "settings": dict(audit.settings),
        "trials": audit.trials,
        "processes": audit.processes,
        "models": [
            {"name": m.name, "mode": m.mode, "what": m.what, "like": m.like}
            for m in MODELS.values()
            if m.name in audited
        ],
        "recipes": [_recipe(recipe) for recipe in RECIPES.values() if audited & set(recipe.models)],
        "variations": [
            {
                "name": v.name,
                "kind": v.kind,
                "what": v.what,
                "modes": list(v.modes),
                "unseen": list(audit.unseen.get(v.name, ())),
            }
            for v in VARIATIONS.values()
        ],
        "cells": [_cell(audit, found) for found in audit.found],
        "advice": [
            {"environment": one.environment.name, "mode": mode, "recipe": _advised(audit, one, models)}
            for mode, models in CORE.items()
            if audited & set(models)
            for one in audit.environments
        ],
        "environments": [_environment(one) for one in audit.environments],
        "beside": [_environment(one) for one in audit.beside],
        "machine": {**asdict(audit.machine), "id": machine_id(audit.machine)},
        "unanswered": audit.unanswered(),
    }
    return {"id": report_id(content), **content}


def _advised(audit: Audit, one: Environs, models: tuple[str, ...]) -> str:
    advised = audit.advice(one.environment, models)
    return advised.name if advised else ""


def _recipe(recipe: Recipe) -> Data:
    return {
        "name": recipe.name,
        "claim": recipe.claim,
        "code": recipe.code,
        "models": list(recipe.models),
        "mends": list(recipe.mends),
    }


def _cell(audit: Audit, found: Found) -> Data:
    answer, script = found.answer, found.cell.script
    effects = [effect for effect in found.never_promised if effect.outcome != SAME]
    return {
        "environment": found.cell.environment.name,
        "recipe": script.recipe.name,
        "model": script.model.name,
        "verdict": answer.verdict,
        "agreeing": answer.agreeing,
        "tried": answer.tried,
        "first": answer.first and _effect(answer.first),
        "blame": [_effect(effect) for effect in answer.blame],
        "cleared": answer.cleared,
        "mend": audit.mend(found) if answer.verdict in {"does not reproduce", "failed"} else "",
        "stand_in": found.stand_in,
        "never_promised_tried": len(found.never_promised),
        "never_promised": [_effect(effect) for effect in effects],
    }


def _effect(effect: Effect) -> Data:
    return asdict(effect)


def _environment(one: Environs) -> Data:
    installed = one.installed
    return {
        "name": one.environment.name,
        "distribution": one.environment.distribution,
        "python": installed.python_version if installed else one.environment.python,
        "lock": {"digest": installed.lock_digest, "kind": installed.lock_kind} if installed else None,
        "unavailable": one.refusal,
        "packages": {p.name: p.version for p in installed.packages if p.name in {"numpy", "keras", "tf-keras"}}
        if installed
        else {},
    }
