"""The answer in every format: valid by its schema, complete, and harmless whatever a model says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
import xmlschema

from building import BASELINE, CANDIDATE, ones, trial
from cli.project import Tell
from questions.matrix.stored import MODELS
from tfmatrix import cli
from tfmatrix.compare.judging import TIERS
from tfmatrix.gate.levels import Level
from tfmatrix.questions.matrix.summary import VERDICTS
from tfmatrix.records import ExpectedTrial

from .project import accept, answer_of, gated, make_gated_project, of_candidate

EVIL = (
    "a|b `c` 100% %0A::error title=x::y ]]> &amp; \udc80\ufffe \u202ereversed\u2066\u200b\n"
    "::error::z\n<script>alert(1)</script> \x1b[31mred\x1b[0m"
)
"""What a model may raise with, to spoil a format or to give an order."""

VARIANT = "x|<script>%0A::error::,:"

FORMATS = ("text", "github", "junit", "json")


@pytest.fixture(scope="module")
def schema() -> jsonschema.protocols.Validator:
    """Return the validator of the schema that comes with the package."""
    text = resources.files("tfmatrix.gate").joinpath("check.schema.json").read_text(encoding="utf-8")
    loaded = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(loaded)
    return jsonschema.Draft202012Validator(loaded)


@pytest.fixture(scope="module")
def junit() -> xmlschema.XMLSchema:
    """Return the schema of JUnit XML."""
    return xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))


def evil(expected: ExpectedTrial) -> object:
    """Answer with a model that raises badly in the candidate, and one that passes."""
    cell = expected.cell
    if cell.environment.name == CANDIDATE and cell.model.name != "same":
        return trial(expected, "failed", kind="ValueError", message=EVIL, where="line 3")
    return ones()


def gated_evil(folder: Path) -> None:
    """Make a project with a variant that is badly named and a model that raises badly."""
    gated(folder, evil, {"bad": f"VARIANTS = {{{VARIANT!r}: {{}}}}\n", "same": "# same\n"})


def test_json_has_its_schema(tmp_path: Path, tell: Tell, schema: jsonschema.protocols.Validator) -> None:
    """With every verdict, what was accepted, and nothing at all, the JSON is as the published schema says."""
    gated(tmp_path, models=MODELS)
    accept(tell, "redraws/tf2", "--stage", "init")
    said = tell("check", CANDIDATE, "--format", "json")
    content = answer_of(said)
    schema.validate(content)
    assert said.code == cli.INCOMPLETE
    assert content["answer"] == "incomplete"
    levels = {cell["id"]: cell["level"] for cell in content["cells"]}
    assert len(levels) == 2 * len(MODELS)
    assert levels["2.16.2/redraws/tf2"] == "accepted"
    assert levels["2.16.2/redraws/v1"] == "fail"
    assert levels["2.16.2/wobbles/tf2"] == "incomplete"
    assert levels["2.16.2/is_nowhere/tf2"] == "incomplete"
    assert levels["2.16.2/rounds/tf2"] == "pass"


def test_the_schema_has_every_verdict_and_level(schema: jsonschema.protocols.Validator) -> None:
    """The published schema, which is written by hand, has the words of the matrix and of the gate."""
    assert isinstance(schema.schema, Mapping)
    words = {name: schema.schema["$defs"][name]["enum"] for name in ("verdict", "level")}
    assert words["verdict"] == [verdict.value for verdict in VERDICTS]
    assert words["level"] == [level.value for level in Level]


def test_the_schema_has_every_tier(schema: jsonschema.protocols.Validator) -> None:
    """A reason may be about a stage of whatever tier is judged."""
    pattern = schema.schema["$defs"]["reason"]["properties"]["stage"]["pattern"]  # type: ignore[index]
    assert all(re.search(pattern, f"{tier}/weights") for tier in TIERS)
    assert not re.search(pattern, "weights")


def test_json_of_nothing_has_its_schema(tmp_path: Path, tell: Tell, schema: jsonschema.protocols.Validator) -> None:
    """An empty store gives an answer like any other."""
    make_gated_project(tmp_path)
    content = answer_of(tell("check", CANDIDATE, "--format", "json"))
    schema.validate(content)
    assert content["answer"] == "incomplete"


@pytest.mark.parametrize(
    ("models", "evidence"), [(MODELS, []), (("same",), []), (("is_nowhere",), []), (("differs",), [])]
)
def test_junit_has_a_case_for_every_cell(
    tmp_path: Path, tell: Tell, junit: xmlschema.XMLSchema, models: tuple[str, ...], evidence: list[str]
) -> None:
    """JUnit XML is as its schema says, its counts are right, and it shows a fault wherever the code is not 0.

    The case that is about no cell has one of its own only where no cell has it.
    """
    gated(tmp_path, models=models)
    said = tell("check", CANDIDATE, "--format", "junit")
    junit.validate(said.out)
    suite = ElementTree.fromstring(said.out).find("testsuite")
    assert suite is not None
    cases = {case.get("name"): case for case in suite}
    assert set(cases) == {f"{CANDIDATE}/{model}/{mode}" for model in models for mode in ("tf2", "v1")} | {"evidence"}
    for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert int(suite.get(name, "")) == sum(case.find(tag) is not None for case in cases.values())
    faults = int(suite.get("failures", "")) + int(suite.get("errors", ""))
    assert (faults > 0) == (said.code != cli.SAME)
    assert [child.tag for child in cases["evidence"]] == evidence


def only_in_tf2(expected: ExpectedTrial) -> object:
    """Answer with models that no release has in a graph."""
    return ones() if expected.cell.mode == "tf2" else trial(expected, "unsupported", message="no such optimizer")


def test_what_exists_on_neither_side_is_a_warning(tmp_path: Path, tell: Tell) -> None:
    """A cell that neither release has is told with its reason and skipped in JUnit, where its model was compared."""
    gated(tmp_path, only_in_tf2, ["same"])
    said = tell("check", CANDIDATE)
    assert said.code == cli.SAME
    assert f"warn, unsupported: {CANDIDATE}/same/v1\n  nothing was compared: no such optimizer\n" in said.out
    assert "1 pass, 1 unsupported" in said.out
    (skipped,) = ElementTree.fromstring(tell("check", CANDIDATE, "--format", "junit").out).iter("skipped")
    assert skipped.get("message") == "nothing was compared: no such optimizer"


def test_a_model_that_exists_nowhere_is_two(tmp_path: Path, tell: Tell) -> None:
    """Of a model that neither release has in any mode nothing was learnt: beside a good one it does not pass."""
    gated(tmp_path, models=["is_nowhere", "same"])
    said = tell("check", CANDIDATE)
    assert said.code == cli.INCOMPLETE
    named = f"{CANDIDATE}/is_nowhere/tf2, {CANDIDATE}/is_nowhere/v1"
    assert f"incomplete, unsupported: {named}\n  nothing was compared: needs a GPU\n" in said.out
    (tmp_path / "pyproject.toml").write_text(
        (tmp_path / "pyproject.toml").read_text(encoding="utf-8") + 'models = ["same"]\n', encoding="utf-8"
    )
    said = tell("check", CANDIDATE)
    assert (said.code, "leaves out the models is_nowhere" in said.out) == (cli.SAME, True)


def test_junit_tells_all_of_a_cell(tmp_path: Path, tell: Tell) -> None:
    """The first reason of a cell is its message, and its text has every one with its place and what shows more."""
    gated(tmp_path, of_candidate(gradient=[7.0] * 4), ["same"], modes=["tf2"])
    root = ElementTree.fromstring(tell("check", CANDIDATE, "--format", "junit").out)
    (failure,) = root.iter("failure")
    lines = (failure.text or "").splitlines()
    assert [line for line in lines if not line.startswith("  ")] == [
        f"fail, different: {CANDIDATE}/same/tf2 native/gradient",
        f"fail, different: {CANDIDATE}/same/tf2 injected/gradient",
    ]
    assert lines[1] == f"  {failure.get('message')}"
    assert lines[1].startswith("  gradient@1/w: ")
    assert lines[2].startswith(f"  more: tfmatrix run --versions {CANDIDATE} ")
    (tmp_path / ".tfmatrix" / "store.sqlite").unlink()
    evidence = list(ElementTree.fromstring(tell("check", CANDIDATE, "--format", "junit").out).iter("error"))[-1]
    assert (evidence.text or "").splitlines()[:4] == [
        line
        for name in (BASELINE, CANDIDATE)
        for line in ("incomplete", f"  nothing is stored of what was installed in {name}")
    ]


def test_a_pass_with_a_stale_ledger_is_an_error_in_junit(
    tmp_path: Path, tell: Tell, junit: xmlschema.XMLSchema
) -> None:
    """What is about no cell is a case of its own, so that no reader of cells alone takes it for a pass."""
    gated(tmp_path, of_candidate(weights=[9.0] * 4), ["same"], modes=["tf2"])
    accept(tell, "same/tf2", "--stage", "weights")
    gated(tmp_path, lambda _: ones(), ["same"], modes=["tf2"])
    said = tell("check", CANDIDATE, "--format", "junit")
    junit.validate(said.out)
    assert said.code == cli.INCOMPLETE
    suite = ElementTree.fromstring(said.out).find("testsuite")
    assert suite is not None
    assert [case.get("name") for case in suite if case.find("error") is not None] == ["evidence"]


def test_no_message_spoils_junit(tmp_path: Path, tell: Tell, junit: xmlschema.XMLSchema) -> None:
    """Markup, control characters and what is no character are text in XML."""
    gated_evil(tmp_path)
    said = tell("check", CANDIDATE, "--format", "junit")
    junit.validate(said.out)
    assert "<script>" not in said.out
    assert "\x1b" not in said.out
    texts = [element.text or "" for element in ElementTree.fromstring(said.out).iter("failure")]
    assert texts
    assert all("<script>alert(1)</script>" in text for text in texts)


def test_no_message_gives_github_an_order(tmp_path: Path, tell: Tell) -> None:
    """Every line is one annotation of ours: nothing within it begins another, ends its title, or hides."""
    gated_evil(tmp_path)
    said = tell("check", CANDIDATE, "--format", "github")
    assert said.code == cli.CHANGED
    lines = said.out.splitlines()
    assert lines
    for line in lines:
        found = re.fullmatch(r"::(error|warning|notice) title=([^:,\r\n]*)::(.*)", line)
        assert found, line
        assert "\x1b" not in line
        assert not re.search(r"%(?!25|3A|2C|0A|0D)", line)
    assert sum(line.startswith("::error ") for line in lines) == 2
    assert "%250A" in said.out  # a message's own escape stays what it was
    assert lines[-1] == "::error title=tfmatrix check::2.16.2 against 2.15.1: fail, by the policy rounding"


def test_github_marks_what_fails_and_what_only_passes_with_a_word(tmp_path: Path, tell: Tell) -> None:
    """What the policy warns of is a warning, what was accepted a notice, and so is the answer that passes."""
    differs = ones(gradient=[2.0, 2.0, 2.5, 2.0])
    warns = '[[tool.tfmatrix.policy.rules]]\nmodel = "rounds"\nwarn = ["different"]\n'
    gated(tmp_path, lambda e: differs if e.cell.environment.name == CANDIDATE else ones(), more=warns, modes=["tf2"])
    kinds = [line.split(" ")[0] for line in tell("check", CANDIDATE, "--format", "github").out.splitlines()]
    assert set(kinds) == {"::error", "::warning"}
    assert f"(more: tfmatrix run --versions {CANDIDATE} " in tell("check", CANDIDATE, "--format", "github").out
    accept(tell, "same/tf2", "--stage", "gradient")
    kinds = [line.split(" ")[0] for line in tell("check", CANDIDATE, "--format", "github").out.splitlines()]
    assert set(kinds) == {"::notice", "::warning"}
    assert kinds[-1] == "::notice"


def test_github_gets_a_summary_of_the_job(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The summary is added to what other steps wrote, as a table that no message breaks."""
    gated_evil(tmp_path)
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    tell("check", CANDIDATE, "--format", "github")
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("before\n## 2.16.2 against 2.15.1: fail")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
    assert "<script>" not in re.sub(r"`[^`]*`", "", text)
    assert re.search(r"\nPolicy `[0-9a-f]{12}`, machine `[0-9a-f]{12}`\.\n", text)
    tell("check", CANDIDATE, "--format", "text")
    assert summary.read_text(encoding="utf-8") == text


def test_a_comment_has_its_headline_and_folds_several_reasons(tmp_path: Path, tell: Tell) -> None:
    """What is printed for a pull request is the summary of a job, with its exit code."""
    gated(tmp_path, models=MODELS)
    said = tell("check", CANDIDATE, "--format", "markdown")
    assert said.code == tell("check", CANDIDATE).code
    assert said.out.startswith("## 2.16.2 against 2.15.1: incomplete")
    assert re.search(r"<details><summary>[0-9]+ reasons</summary>\n\n\| level \|", said.out)
    assert said.out.count("</details>") == 1


def test_one_reason_is_not_worth_a_fold(tmp_path: Path, tell: Tell) -> None:
    """It stands in the comment as it is."""
    gated_evil(tmp_path)
    assert "<details>" not in tell("check", CANDIDATE, "--format", "markdown").out


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_commands_a_terminal(tmp_path: Path, tell: Tell, form: str) -> None:
    """In no format does a message reach a terminal as anything but text, on a line of ours."""
    gated_evil(tmp_path)
    said = tell("check", CANDIDATE, "--format", form)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e\u2066]", said.out)
    assert not [line for line in said.out.splitlines() if line.startswith("::error::")]
    said.out.encode("utf-8")


def test_text_has_the_worst_first_and_what_shows_more(tmp_path: Path, tell: Tell) -> None:
    """The reasons stand in the order of their weight, each with the command that shows more."""
    gated(tmp_path, models=MODELS)
    out = tell("check", CANDIDATE).out
    order = [
        "incomplete, failed: 2.16.2/fails_everywhere/tf2",
        "incomplete, unstable: 2.16.2/wobbles/tf2",
        "fail, failed: 2.16.2/crashes/tf2",
        "fail, gone: 2.16.2/is_gone/tf2",
        "fail, new: 2.16.2/is_new/tf2",
        "fail, different: 2.16.2/differs/tf2 native/gradient",
        "fail, redrawn: 2.16.2/redraws/tf2 native/init",
    ]
    places = [out.index(line) for line in order]
    assert places == sorted(places)
    assert "more: tfmatrix run --cell 2.16.2/crashes/tf2" in out
    assert "--models redraws --modes tf2" in out
    assert "rounds" not in out


def test_what_is_the_same_of_many_cells_is_said_once(tmp_path: Path, tell: Tell) -> None:
    """Cells that fail with the same words are one line, with the command of the first."""

    def answer(expected: ExpectedTrial) -> object:
        fails = expected.cell.environment.name == CANDIDATE and expected.cell.model.name != "same"
        return trial(expected, "failed", kind="ValueError", message="no") if fails else ones()

    gated(tmp_path, answer, ["a", "b", "same"], modes=["tf2"])
    lines = tell("check", CANDIDATE).out.splitlines()
    start = lines.index(f"fail, failed: {CANDIDATE}/a/tf2, {CANDIDATE}/b/tf2")
    assert lines[start + 2] == f"  more: tfmatrix run --cell {CANDIDATE}/a/tf2"


@pytest.mark.parametrize("tensors", [1, 2, 3])
def test_of_a_stage_the_worst_tensor_is_told(tmp_path: Path, tell: Tell, tensors: int) -> None:
    """Of several tensors of a stage that differ it is said how many, and of which the text is; of one nothing is."""

    def answer(expected: ExpectedTrial) -> object:
        value = 9.0 if expected.cell.environment.name == CANDIDATE else 3.0
        more = {f"native weights@1/v{number}": [3.0] * 4 for number in range(1, tensors)}
        return {**ones(weights=[value] * 4), **more}

    gated(tmp_path, answer, ["same"], modes=["tf2"])
    lines = tell("check", CANDIDATE).out.splitlines()
    text = lines[lines.index(f"fail, different: {CANDIDATE}/same/tf2 native/weights") + 1]
    told = f", the worst of 1 of {tensors} tensors"
    assert text.endswith(told) if tensors > 1 else "the worst of" not in text


def test_of_a_lost_stage_the_stage_is_told(tmp_path: Path, tell: Tell) -> None:
    """A cell that lost one stage is judged by it, and not as a whole."""
    gated(tmp_path, models=["loses_a_stage"], modes=["tf2"])
    assert f"fail, not comparable: {CANDIDATE}/loses_a_stage/tf2 injected/gradient\n" in tell("check", CANDIDATE).out


def test_a_command_can_be_pasted(tmp_path: Path, tell: Tell) -> None:
    """Names with what a shell would read are quoted in the commands."""
    gated(tmp_path, evil, {"odd": 'VARIANTS = {"a b;c": {}}\n', "same": ""})
    assert "more: tfmatrix run --cell '2.16.2/odd[a b;c]/tf2'" in tell("check", CANDIDATE).out


def test_no_message_spoils_a_report(tmp_path: Path, tell: Tell) -> None:
    """What turns the order of reading, or is half a character, reaches no page and no terminal, and ends no report."""
    gated_evil(tmp_path)
    said = [tell("report"), tell("cells"), tell("report", "--json")]
    assert {one.code for one in said[:1]} == {cli.INCOMPLETE}
    page = (tmp_path / "reports" / "matrix.md").read_text(encoding="utf-8")
    for text in (page, said[0].out, said[0].err, said[1].out):
        assert "reversed" in text or text == said[0].out
        assert not re.search(r"[\u200b\u202e\u2066]", text)
    data = json.loads((tmp_path / "reports" / "matrix.json").read_bytes())
    assert json.loads(said[2].out) == data
    assert any(EVIL in cell["reason"] for cell in data["cells"])
