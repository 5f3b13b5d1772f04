"""Evidence: what is told of a trial that was not observed."""

from __future__ import annotations

import ast
import re
import signal
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmatrix.records import WANTING_TEXTS

from .adopted import evidence, isolation, messages, outcomes

MODEL, LIBRARY, EARLIER = "/models/m.py", "/site-packages/library.py", "/a/library.py"
"""A model file, and two others: one whose path comes behind the model's by its letters, and one before it."""

LIMITS = isolation.Limits(30.0, 1500.0)


def of_file(path: str) -> Any:
    """Return a model file as what a trial runs."""
    return evidence.Source.of({"path": path}, "/scratch")


def function(path: str, source: str, **names: Any) -> Callable[[], object]:
    """Return the function ``f`` of a file's source."""
    exec(compile(dedent(source), path, "exec"), names)
    made: Callable[[], object] = names["f"]
    return made


def raised(run: Callable[[], object]) -> BaseException:
    """Return what a function raises."""
    try:
        run()
    except BaseException as error:  # a model may raise anything
        return error
    raise AssertionError("nothing was raised")


def by_the_model(error: BaseException) -> BaseException:
    """Return an exception that the model file raised, in its line 3."""
    return raised(function(MODEL, "\ndef f():\n    raise error\n", error=error))


def by_a_library(error: BaseException, path: str = LIBRARY) -> BaseException:
    """Return an exception that a library raised, which the model file called in its line 2."""
    library = function(path, "def f():\n    raise error\n", error=error)
    return raised(function(MODEL, "def f():\n    library()\n", library=library))


def told_of(error: BaseException) -> dict[str, Any]:
    """Return what is told of an exception."""
    told: dict[str, Any] = evidence.of_exception(error, of_file(MODEL))
    return told


def test_a_model_may_say_that_it_does_not_exist_here() -> None:
    """A NotImplementedError that the model file itself raises is its reason to be unsupported."""
    told = told_of(by_the_model(NotImplementedError("no such operation here")))
    assert told == evidence.header("unsupported", "NotImplementedError", "no such operation here", "line 3")


@pytest.mark.parametrize("path", [LIBRARY, EARLIER])
def test_what_a_library_has_not_implemented_is_a_failure(path: str) -> None:
    """A NotImplementedError from what the model called is no answer of the model: the trial failed."""
    told = told_of(by_a_library(NotImplementedError("no kernel"), path))
    assert (told["outcome"], told["kind"], told["where"]) == ("failed", "NotImplementedError", "line 2")
    assert told["message"] == "m.py, line 2: NotImplementedError: no kernel"


def in_user_code(*frames: tuple[str, int]) -> NotImplementedError:
    """Return an exception as AutoGraph words it: the frames that it knows, and what was said last."""
    lines = [f'    File "{path}", line {line}, in f  *\n        code' for path, line in frames]
    return NotImplementedError("\n".join(["in user code:\n", *lines, "\n    NotImplementedError: no kernel\n"]))


@pytest.mark.parametrize(
    ("frames", "outcome", "where"),
    [
        ([(MODEL, 7)], "unsupported", "line 7"),
        ([(MODEL, 7), (LIBRARY, 9)], "failed", "line 7"),
        ([(LIBRARY, 9), (MODEL, 8)], "unsupported", "line 8"),
    ],
)
def test_the_frames_that_autograph_tells_count(frames: list[tuple[str, int]], outcome: str, where: str) -> None:
    """Where AutoGraph translated the model, who raised is told by the frames in its message."""
    told = told_of(by_a_library(in_user_code(*frames)))
    assert (told["outcome"], told["where"]) == (outcome, where)
    assert told["message"].endswith("no kernel")
    assert "in user code" not in told["message"]


@pytest.mark.parametrize("raise_it", [by_the_model, by_a_library, lambda error: error])
def test_the_probe_may_say_so_too(raise_it: Callable[[BaseException], BaseException]) -> None:
    """The probe's own Unsupported counts wherever it was raised, with its reason as the message."""
    told = told_of(raise_it(outcomes.Unsupported("Keras 3 has no training in a v1 graph and Session")))
    assert told["outcome"] == "unsupported"
    assert told["message"] == "Keras 3 has no training in a v1 graph and Session"


def test_a_model_that_raises_has_failed_at_its_innermost_line() -> None:
    """The message begins with the model file and the line of it that was running, and has the exception's type."""
    library = function(LIBRARY, "def f():\n    raise ValueError('bad shape\\nand more')\n")
    told = told_of(raised(function(MODEL, "def g():\n    library()\ndef f():\n    g()\n", library=library)))
    assert told["message"] == "m.py, line 2: ValueError: bad shape"
    assert told["traceback"].endswith("ValueError: bad shape\nand more\n")
    assert f'File "{LIBRARY}", line 2, in f' in told["traceback"]


@pytest.mark.parametrize("path", [LIBRARY, EARLIER])
def test_an_exception_outside_of_the_model_has_no_line(path: str) -> None:
    """Where the model file was not running, only its name is told."""
    told = told_of(raised(function(path, "def f():\n    {}['x']\n")))
    assert (told["where"], told["message"]) == ("", "m.py: KeyError: 'x'")


def test_a_mistake_of_syntax_is_told_with_its_line() -> None:
    """A model file that cannot be compiled has the line that Python names."""
    told = told_of(raised(lambda: compile("x = 1\ny = = 2\n", MODEL, "exec")))
    assert (told["outcome"], told["kind"], told["where"]) == ("failed", "SyntaxError", "line 2")


def without_lines() -> BaseException:
    """Return what a function of the model file raises whose code knows no line."""
    tree = ast.parse("def f():\n    {}['x']\n")
    for node in ast.walk(tree):
        if isinstance(node, (ast.stmt, ast.expr)):
            node.lineno = node.end_lineno = 0
    names: dict[str, Any] = {}
    exec(compile(tree, MODEL, "exec"), names)
    return raised(names["f"])


@pytest.mark.parametrize(
    "raise_it", [without_lines, lambda: SyntaxError("no", (MODEL, None, None, None))], ids=["code", "syntax"]
)
def test_a_line_that_python_does_not_know_is_the_first(raise_it: Callable[[], BaseException]) -> None:
    """Where an exception names the model file without a line, the file's first stands for it."""
    assert told_of(raise_it())["where"] == "line 1"


@pytest.mark.parametrize(("text", "where"), [("m.py, line 7: no", "line 7"), ("OPTIMIZER 'x': no", "")])
def test_a_broken_contract_speaks_for_itself(text: str, where: str) -> None:
    """What the probe says of a model file is the message as it stands, without a traceback."""
    assert told_of(by_a_library(outcomes.BadModel(text))) == evidence.header("failed", "BadModel", text, where)


def test_a_file_that_changed_ends_the_trial_from_outside() -> None:
    """A trial whose file changed is as one that was killed: nothing is told of the file that the key covers."""
    error = by_a_library(outcomes.Changed("m.py, line 1: the file changed during the run; run again"))
    assert told_of(error) == evidence.header("crashed", "changed", str(error))


def test_a_refusal_of_an_artefact_has_the_kind_of_what_was_raised() -> None:
    """The sentence tells the phase and not the model's lines, and the kind is that of the release's exception."""
    told = told_of(by_the_model(outcomes.Refusal("read", "OSError", "no file")))
    assert (told["outcome"], told["kind"], told["message"], told["where"]) == ("failed", "OSError", "read: no file", "")
    assert "Refusal: read: no file" in told["traceback"]


def test_a_model_that_ends_itself_has_failed() -> None:
    """The exit status is told where a model ends its process."""
    told = told_of(by_the_model(SystemExit(3)))
    assert told["message"] == "m.py, line 3: SystemExit: ended itself with exit status 3"


def test_an_exception_that_cannot_be_printed_is_told_all_the_same() -> None:
    """An exception class that fails when its text is wanted, by whatever error, still has a kind and a line."""

    class Wordless(Exception):
        def __str__(self) -> str:
            raise RecursionError

    told = told_of(by_the_model(Wordless()))
    assert told["message"] == "m.py, line 3: Wordless: its message cannot be had"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no reason given"),
        ("\n  \n first \nsecond", "first"),
        ("no kernel\nand more", "no kernel"),
        ("ValueError: said twice", "said twice"),
        ("in user code:\n\n    first\n\n    ValueError: last\n", "last"),
    ],
)
def test_one_line_of_an_exception_is_told(text: str, sentence: str) -> None:
    """The first line that says something, or AutoGraph's last, is told once and without its type."""
    assert told_of(by_the_model(ValueError(text)))["message"] == f"m.py, line 3: ValueError: {sentence}"


HALVES = st.sampled_from(["\ud800", "\udcff"])
"""Surrogates: halves of characters, as a name in the file system may have them."""


@given(st.lists(st.characters() | HALVES), st.sampled_from([by_the_model, by_a_library]))
def test_what_is_told_is_one_short_line_that_can_be_stored(
    text: list[str], raise_it: Callable[[BaseException], BaseException]
) -> None:
    """Whatever an exception says, half characters too, UTF-8 can hold what is told, and the message is one line."""
    told = told_of(raise_it(ValueError("".join(text))))
    for field in told.values():
        field.encode("utf-8")
    assert len(told["message"].splitlines()) == 1
    assert re.match(r"m\.py, line [23]: ValueError: .", told["message"], re.DOTALL)


@pytest.mark.parametrize("length", [499, 500, 501, 10_000])
def test_a_long_message_is_cut(length: int) -> None:
    """A message keeps 500 characters of what the exception says, its beginning and its end."""
    told = told_of(by_the_model(ValueError("x" * length)))
    kept = "x" * length if length <= 500 else "x" * 248 + " ... " + "x" * 247
    assert told["message"] == "m.py, line 3: ValueError: " + kept
    refused = told_of(by_the_model(outcomes.Refusal("x" * (length - len(": no")), "OSError", "no")))
    assert (len(refused["message"]), refused["message"][-5:]) == (min(length, 500), "x: no")


def test_a_long_traceback_keeps_its_end() -> None:
    """A traceback is cut from its beginning."""
    told = told_of(by_the_model(ValueError("x" * 10_000 + "the end")))
    assert len(told["traceback"]) == isolation.STACKS_KEPT
    assert told["traceback"].endswith("xthe end\n")


STACKS = f"""Fatal Python error: Segmentation fault

Current thread 0x00007f (most recent call first):
  File "{LIBRARY}", line 9 in call
  File "{MODEL}", line 8 in draws
  File "{MODEL}", line 3 in <module>
"""

DEATHS = {
    "time": (isolation.TIMED_OUT, signal.SIGABRT, "timed-out", "", "no answer within 30 s"),
    "memory": (
        isolation.OVER_MEMORY,
        signal.SIGKILL,
        "crashed",
        "memory",
        "took more than its limit of 1500 MiB of memory",
    ),
    "a signal": (isolation.ENDED, signal.SIGSEGV, "crashed", "SIGSEGV", "killed by SIGSEGV"),
    "an abort": (isolation.ENDED, signal.SIGABRT, "crashed", "SIGABRT", "killed by SIGABRT"),
    "being killed": (
        isolation.ENDED,
        signal.SIGKILL,
        "crashed",
        "SIGKILL",
        "killed by SIGKILL, which it sent itself, or the system sent it for want of memory",
    ),
    "a real-time signal": (isolation.ENDED, 40, "crashed", "signal 40", "killed by signal 40"),
    "an exit": (isolation.ENDED, 3 << 8, "crashed", "exit", "ended with exit status 3 and without an answer"),
}
"""Why a trial ended and its status, and outcome, kind and sentence of it."""


def of_death(reason: str, status: int, stacks: str = "", path: str = MODEL) -> dict[str, Any]:
    """Return what is told of a trial that gave no answer."""
    answer = messages.Arriving()
    answer.close()
    kept = isolation.Kept(reason, int(status), answer, "", stacks, 1.0, 1)
    told: dict[str, Any] = evidence.of_end(kept, of_file(path), LIMITS)
    return told


@pytest.mark.parametrize(("reason", "status", "outcome", "kind", "told"), DEATHS.values(), ids=DEATHS)
def test_a_trial_without_an_answer_is_told_by_its_end(
    reason: str, status: int, outcome: str, kind: str, told: str
) -> None:
    """Why it was killed, or how it ended, is its outcome, its kind and one sentence."""
    assert of_death(reason, status) == evidence.header(outcome, kind, f"m.py: {told}")


def test_a_crash_has_the_innermost_line_of_the_model() -> None:
    """Of the stacks that a process left, the first line of the model file says where it was."""
    told = of_death(isolation.ENDED, signal.SIGSEGV, STACKS)
    assert told == evidence.header("crashed", "SIGSEGV", "m.py, line 8: killed by SIGSEGV", "line 8", STACKS)


def test_a_path_that_is_not_ascii_is_found_in_the_stacks() -> None:
    """The handler of faults writes such a path in escapes, and its line is found all the same."""
    stacks = STACKS.replace(MODEL, r"/mod\xe8les/m\u4e00.py")
    told = of_death(isolation.ENDED, signal.SIGSEGV, stacks, "/modèles/m一.py")
    assert told["message"] == "m一.py, line 8: killed by SIGSEGV"


def test_a_crash_is_told_in_text_that_can_be_stored() -> None:
    """A model file whose name is no UTF-8 is named with its strange bytes written out."""
    told = of_death(isolation.ENDED, signal.SIGSEGV, "", "/models/m\udcff.py")
    assert told["message"] == "m\\udcff.py: killed by SIGSEGV"


def test_another_file_of_a_like_name_is_not_the_model() -> None:
    """A line is that of the model's own path, letter by letter."""
    stacks = STACKS.replace(MODEL, MODEL.replace(".", "x"))
    assert of_death(isolation.ENDED, signal.SIGSEGV, stacks)["where"] == ""


COMMAND = {
    "path": "mnist",
    "command": ["python", "-u", "tools/train.py", "--epochs", "1"],
    "project": "/nowhere",
}
"""What a request has of a command."""


def of_command(error: BaseException, **further: Any) -> dict[str, Any]:
    """Return what is told of a command that raised."""
    told: dict[str, Any] = evidence.of_exception(error, evidence.Source.of({**COMMAND, **further}, "/scratch"))
    return told


def by_a_file(name: str, error: BaseException) -> BaseException:
    """Return an exception that a file of a command's working folder raised, called by its script."""
    inner = function(f"/scratch/work/{name}", "def f():\n    raise error\n", error=error)
    return raised(function("/scratch/work/tools/train.py", "\n\ndef f():\n    inner()\n", inner=inner))


def test_a_command_is_told_by_the_projects_own_file() -> None:
    """The innermost line of any file of the project is named, and the script where none is known."""
    told = of_command(by_a_file("src/mnist/data.py", ValueError("no rows")))
    assert told["message"] == "src/mnist/data.py, line 2: ValueError: no rows"
    assert of_command(ValueError("no rows"))["message"] == "tools/train.py: ValueError: no rows"
    module = of_command(ValueError("no rows"), command=["python", "-m", "mnist.train"])
    assert module["message"] == "mnist.train: ValueError: no rows"


def test_what_a_script_has_not_implemented_is_a_failure() -> None:
    """A script knows nothing of what is unsupported: its own NotImplementedError is an error as any."""
    assert of_command(by_a_file("model.py", NotImplementedError("later")))["outcome"] == "failed"


def test_a_command_that_ends_itself_may_say_why() -> None:
    """A word that it leaves in place of a status is told as what it said."""
    assert of_command(SystemExit(3))["message"] == "tools/train.py: SystemExit: ended itself with exit status 3"
    assert of_command(SystemExit("no"))["message"] == "tools/train.py: SystemExit: ended itself and said: no"


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (EOFError("EOF when reading a line"), "a trial has nothing to read from standard input"),
        (
            ModuleNotFoundError("No module named 'sklearn'", name="sklearn.svm"),
            "neither the project nor its environment, which has TensorFlow and what that needs, has it",
        ),
        (
            ModuleNotFoundError("No module named 'ours'", name="ours"),
            "the project has src/ours.py, which git does not track: name it in `files`",
        ),
        (
            FileNotFoundError(2, "No such file or directory", "data/rows.csv"),
            "the project has data/rows.csv, which git does not track: name it in `files`",
        ),
        (ModuleNotFoundError("No module named 'tensorflow.contrib'", name="tensorflow.contrib"), ""),
        (FileNotFoundError(2, "No such file or directory", "data/other.csv"), ""),
        (ValueError("data/rows.csv has no rows"), ""),
    ],
)
def test_a_commands_user_is_told_what_to_do(tmp_path: Path, error: BaseException, hint: str) -> None:
    """Where a file or a module is there and git does not track it, or nothing can be read, the sentence says so."""
    for name in ("data/rows.csv", "src/ours.py"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    message = of_command(error, project=str(tmp_path))["message"]
    assert message.partition("; ")[2] == hint


def test_a_command_that_gave_no_answer_has_the_innermost_line_of_the_project() -> None:
    """Of the stacks that it left, the first line of a file in its working folder; and how it may be given an end."""
    answer = messages.Arriving()
    answer.close()
    stacks = STACKS.replace(MODEL, "/scratch/work/src/mnist/train.py")
    kept = isolation.Kept(isolation.TIMED_OUT, 6, answer, "", stacks, 1.0, 1)
    told = evidence.of_end(kept, evidence.Source.of(COMMAND, "/scratch"), LIMITS)
    assert told["message"] == (
        "src/mnist/train.py, line 8: no answer within 30 s; `steps` stops it after so many updates, or raise `timeout`"
    )


def _raised(error: Exception, inner: BaseException | None) -> Exception:
    """Return an error that was raised while another was handled."""
    error.__context__ = inner
    return error


@pytest.mark.parametrize("text", WANTING_TEXTS)
def test_a_want_of_the_machine_is_known_behind_a_library_s_own_error(text: str) -> None:
    """What a library says of a full disk in words of its own is as little about the model as what the system says."""
    assert outcomes.want_of(OSError(28, text)) == text
    assert outcomes.want_of(_raised(ValueError("the file is not whole"), OSError(28, text))) == text
    assert outcomes.want_of(_raised(ValueError("no"), _raised(ValueError("no"), MemoryError())))


def test_an_error_of_the_model_s_own_is_no_want() -> None:
    """Neither its own text nor what it was raised from tells of memory or disk, and a chain may be a ring."""
    error = ValueError("Layer dense expects 2 variables, but received 0")
    error.__context__ = KeyError("dense")
    error.__context__.__context__ = error
    assert not outcomes.want_of(error)


def test_the_host_and_the_probe_know_the_same_texts() -> None:
    """A trial that the probe ends for want is one that the next run runs again."""
    assert outcomes.WANTING == WANTING_TEXTS


WITHOUT_DETERMINISM = {
    "{{function_node __wrapped__AdjustContrastv2_device_/job:localhost/device:GPU:0}} A deterministic GPU "
    "implementation of AdjustContrastv2 is not currently available. [Op:AdjustContrastv2] name: ": (
        "A deterministic GPU implementation of AdjustContrastv2 is not currently available."
    ),
    "Graph execution error:\n\nDetected at node 'bins/DenseBincount' defined at (most recent call last):\n"
    "Node: 'bins/DenseBincount'\nDeterminism is not yet supported in GPU implementation of DenseBincount.\n"
    "\t [[{{node bins/DenseBincount}}]] [Op:__inference_train_function_1]": (
        "Determinism is not yet supported in GPU implementation of DenseBincount."
    ),
    "The GPU implementation of SoftmaxCrossEntropyWithLogits that would have been executed is not deterministic. Note "
    "that the Python API uses an alternative.": (
        "The GPU implementation of SoftmaxCrossEntropyWithLogits that would have been executed is not deterministic."
    ),
    "No deterministic GPU implementation of sparse_dense_matmul available for data of type tf.float64 "
    "[Op:SparseTensorDenseMatMul]": (
        "No deterministic GPU implementation of sparse_dense_matmul available for data of type tf.float64"
    ),
}  # fmt: skip
"""Messages of TensorFlow's, of several releases, and the sentence in them that names the op."""


class UnimplementedError(Exception):
    """Stand in for TensorFlow's."""


@pytest.mark.parametrize(("message", "sentence"), WITHOUT_DETERMINISM.items())
def test_an_op_without_a_deterministic_kernel_is_named(message: str, sentence: str) -> None:
    """A model that needs it does not exist where op determinism is on; the graph around the op is not told."""
    told = told_of(by_a_library(UnimplementedError(message)))
    assert (told["outcome"], told["message"].strip(), told["where"]) == ("unsupported", sentence, "line 2")


@pytest.mark.parametrize(
    "error",
    [
        UnimplementedError("Cast string to float is not supported [Op:Cast]"),
        UnimplementedError("The GPU has no kernel for StringJoin"),
        ValueError("A deterministic GPU implementation of X is not currently available."),
    ],
)
def test_another_error_is_not_taken_for_it(error: Exception) -> None:
    """What TensorFlow lacks otherwise, and what somebody else raises in its words, has failed."""
    assert told_of(by_a_library(error))["outcome"] == "failed"


def test_a_trial_that_ran_elsewhere_failed_with_one_plain_sentence() -> None:
    """It is about the trial as a whole, and names no line and no exception."""
    told = told_of(outcomes.Elsewhere("nothing ran on a GPU, which its launch asks for"))
    assert told == evidence.header("failed", "", "m.py: nothing ran on a GPU, which its launch asks for")
