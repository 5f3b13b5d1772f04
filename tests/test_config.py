"""The configuration: what a table says, and one clear sentence for each mistake in it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tfmatrix import config
from tfmatrix.errors import UserError
from tfmatrix.records import Builder, Command, Launch, ModelFile, Policy, Rule

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]  # only below Python 3.11

ROOT = Path(__file__).parents[1]

MISTAKES = {
    # key: its TOML, and what the sentence says of it
    "versions": [
        ("[]", "a list of strings that is not empty"),
        ("3", "a list of strings that is not empty"),
        ("[2.15]", "a list of strings that is not empty"),
        ('["2.15.1", ""]', "must be a string that is not empty"),
        ('"2.15.1,,2.16.2"', "must be a string that is not empty"),
    ],
    "ignored-pins": [("3", "a list of strings"), ('["a", ""]', "must be a string that is not empty")],
    "baseline": [("2.15", "must be a string"), ('" "', "that is not empty")],
    "python": [
        ("3.10", "must be a string"),
        ('"3.10.1"', "must be major and minor, such as 3.10"),
        ('{ "2.16" = 3.12 }', "must be a string"),
        ('{ newest = "3.12" }', "has 'newest', which is no release"),
    ],
    "requirements": [
        ('"pandas"', "must be a list of strings"),
        ("[1]", "must be a list of strings"),
        ('[" "]', "that is not empty"),
    ],
    "requirements-for": [
        ("3", "must be a table"),
        ('{ "2.16" = "pandas" }', "must be a list of strings"),
        ('{ all = ["pandas"] }', "has 'all', which is no release"),
    ],
    "distribution": [("true", "must be a string")],
    "modes": [('["tf3"]', "'tf3', which is not one of tf2, v1"), ("[]", "not empty")],
    "models": [
        ('""', "not empty"),
        ("3", "a list of strings"),
        ("[{ command = ['python', 'a.py'] }]", "must be tables with a name each, [tool.tfmatrix.models.NAME]"),
        ('{ mlp = "x" }', "mlp, which must be a table with a command, a model or a file, but is 'x'"),
        ('{ command = ["python", "a.py"] }', "command, which belongs in the table of one model"),
        ("{ m = {} }", 'm, which has no command: ["python", "train.py"]'),
        ("{ m = { steps = 3 } }", "m, which has no command"),
        ("{ m = {} }", 'no model = "package.module:build" and data = "package.module:sample"; and no file = "models/'),
        ('{ file = "a.h5" }', "file, which belongs in the table of one model"),
        ("{ m = { file = 'a.h5', model = 'a:b' } }", "m with both a model and a file, which are two models"),
        ("{ m = { file = 3 } }", "m.file, which must be a path, but is 3"),
        ("{ m = { file = '/a.h5' } }", "m.file '/a.h5', which leads out of the project"),
        ("{ m = { file = 'a.h5', inputs = '../b.npz' } }", "m.inputs '../b.npz', which leads out of the project"),
        ("{ m = { file = 'a.h5', objects = 'a.py:b' } }", 'm.objects, which must be a module, "package.module"'),
        ("{ m = { file = 'a.h5', trust = 1 } }", "m.trust, which must be true or false, but is 1"),
        ("{ m = { file = 'a.h5', epochs = 1 } }", "m.epochs, which is no key; that of a table with a model alone"),
        ("{ m = { command = ['python', 'a.py'], trust = true } }", "that of a table with a file alone"),
        ("{ m = { inputs = 'a.npz' } }", "m, which has no command"),
        (
            "{ m = { file = 'a.h5', modes = ['v1'] } }",
            "m, a file, which is not run in v1; it may be in tf2, tf2-default",
        ),
        ('{ model = "a:b" }', "model, which belongs in the table of one model"),
        ("{ m = { model = 'a:b', command = ['python', 'a.py'] } }", "m with both a command and a model"),
        ("{ m = { model = 'a:b' } }", "m, which has no data: model ="),
        ("{ m = { data = 'a:b', epochs = 1 } }", "m, which has no model: model ="),
        (
            "{ m = { model = 'a:b', data = 'a' } }",
            'm.data, which must be a module and a function, "package.module:build"',
        ),
        ("{ m = { model = 3, data = 'a:b' } }", "m.model, which must be a module and a function"),
        ("{ m = { model = 'a/b.py:c', data = 'a:b' } }", "but is 'a/b.py:c'; a module is named as import names it"),
        ("{ m = { model = 'a:b', data = 'a:b', epochs = 0 } }", "m.epochs, which must be a whole number of at least 1"),
        ("{ m = { model = 'a:b', data = 'a:b', batch = '8' } }", "m.batch, which must be a whole number"),
        ("{ m = { model = 'a:b', data = 'a:b', loss = [] } }", "m.loss, which must be a string"),
        ("{ m = { model = 'a:b', data = 'a:b', optimizer = 'Adam' } }", "m.optimizer, which must be a table, { name"),
        (
            "{ m = { model = 'a:b', data = 'a:b', optimizer = { name = 'Adam' } } }",
            "m.optimizer, which has no learning",
        ),
        (
            "{ m = { model = 'a:b', data = 'a:b', optimizer = { name = 3, learning_rate = 1 } } }",
            "m.optimizer.name, which must be an optimizer of Keras, but is 3",
        ),
        (
            "{ m = { model = 'a:b', data = 'a:b', optimizer = { name = 'Adam', learning_rate = [1] } } }",
            "m.optimizer.learning_rate, which must be a number",
        ),
        ("{ m = { model = 'a:b', data = 'a:b', variables = { HOME = '/' } } }", "HOME, which every process has"),
        ("{ m = { model = 'a:b', data = 'a:b', modes = ['tf3'] } }", "m.modes, which has 'tf3'"),
        ("{ m = { command = 'python a.py' } }", "m.command, which must be a list of words"),
        ("{ m = { command = [] } }", "m.command, which must be a list of words"),
        ("{ m = { command = ['python', 3] } }", "m.command, which must be a list of words"),
        (
            "{ m = { command = ['a.py'] } }",
            "m.command, which must begin with python or jupyter, but begins with 'a.py'",
        ),
        ("{ m = { command = ['python3', 'a.py'] } }", "but begins with 'python3'"),
        ("{ m = { command = ['bash', 'a.sh'] } }", "but begins with 'bash'"),
        ("{ m = { command = ['python'] } }", "m.command with python alone, which runs nothing"),
        ("{ m = { command = ['jupyter'] } }", "m.command with jupyter alone"),
        ("{ m = { command = ['python', '-u', 'a.py'] } }", "the option -u; of python's own there is only -m"),
        ("{ m = { command = ['python', '-c', 'pass'] } }", "the option -c"),
        ("{ m = { command = ['python', '-m'] } }", "a module's name must follow -m, but '' does"),
        ("{ m = { command = ['python', '-m', 'a/b.py'] } }", "a module's name must follow -m, but 'a/b.py' does"),
        ("{ m = { command = ['python', 'a.ipynb'] } }", "with a notebook, which begins with jupyter"),
        ("{ m = { command = ['jupyter', 'a.py'] } }", "the path of a notebook must follow jupyter, but 'a.py' does"),
        ("{ m = { command = ['jupyter', 'nbconvert', 'a.ipynb'] } }", "must follow jupyter, but 'nbconvert' does"),
        ("{ m = { command = ['jupyter', 'a.ipynb', '--x'] } }", "'--x' behind the notebook, which takes no words"),
        ("{ m = { command = ['python', '../a.py'] } }", "'../a.py', which leads out of the project"),
        ("{ m = { command = ['python', '/a.py'] } }", "'/a.py', which leads out of the project"),
        ("{ m = { command = ['python', ' '] } }", "m.command with ' ', which is no path"),
        ('{ m = { command = ["python", "a\\u0000.py"] } }', "a NUL character"),
        ('{ "a b" = { command = ["python", "a.py"] } }', "the name 'a b'; one has letters"),
        ('{ "a/b" = { command = ["python", "a.py"] } }', "the name 'a/b'"),
        ('{ "a[b]" = { command = ["python", "a.py"] } }', "the name 'a[b]'"),
        ('{ "a.py" = { command = ["python", "a.py"] } }', "the name 'a.py'"),
        ('{ "-a" = { command = ["python", "a.py"] } }', "the name '-a'"),
        ('{ "" = { command = ["python", "a.py"] } }', "the name ''"),
        ("{ m = { command = ['python', 'a.py'], steps = -1 } }", "m.steps, which must be a whole number of at least 0"),
        ("{ m = { command = ['python', 'a.py'], steps = '3' } }", "m.steps, which must be a whole number"),
        ("{ m = { command = ['python', 'a.py'], files = 'data' } }", "m.files, which must be a list of paths"),
        ("{ m = { command = ['python', 'a.py'], files = [1] } }", "m.files, which must be a list of paths"),
        (
            "{ m = { command = ['python', 'a.py'], files = ['/etc'] } }",
            "m.files '/etc', which leads out of the project",
        ),
        ("{ m = { command = ['python', 'a.py'], files = ['a/../../b'] } }", "which leads out of the project"),
        ("{ m = { command = ['python', 'a.py'], files = ['./'] } }", "m.files './', which is the whole project"),
        ("{ m = { command = ['python', 'a.py'], files = [''] } }", "m.files '', which is no path"),
        ("{ m = { command = ['python', 'a.py'], variables = { A = 1 } } }", "m.variables, which must be a table"),
        ("{ m = { command = ['python', 'a.py'], variables = { HOME = '/' } } }", "HOME, which every process has"),
        ("{ m = { command = ['python', 'a.py'], modes = ['tf3'] } }", "m.modes, which has 'tf3'"),
        ("{ m = { command = ['python', 'a.py'], timeout = 0 } }", "m.timeout, which must be a number of seconds"),
    ],
    "models_folder": [('""', "not empty"), ("3", "must be a string")],
    "trials": [
        ("0", "at least 1"),
        ("1000000", "at most 1000, but is 1000000"),
        ("true", "whole number"),
        ("2.0", "whole number"),
        ('"3"', "whole number"),
    ],
    "jitters": [("-1", "at least 0"), ("1001", "at most 1000"), ("false", "whole number")],
    "seed": [("-1", "at least 0"), ("1.5", "whole number")],
    "timeout": [("0", "above 0"), ("-1.0", "above 0"), ("inf", "above 0"), ("nan", "above 0"), ("true", "seconds")],
    "environment_timeout": [("0", "above 0"), ("nan", "above 0"), ("false", "seconds")],
    "jobs": [("-1", "at least 0"), ('"all"', "whole number")],
    "memory": [("-1", "at least 0"), ("1.5", "whole number")],
    "store": [('""', "not empty"), ("[]", "must be a string")],
    "reports": [("1", "must be a string")],
    "removed": [
        ("'mlp'", "has 'mlp', which is none of \"model NAME\""),
        ("['model mlp', 'modes v1']", "has 'modes v1', which is none of"),
        ("['seed ']", "has 'seed', which is none of"),
        ("[42]", "must be a list of strings"),
    ],
    "launches": [
        ("3", "a table of tables"),
        ("{ one = 1 }", "a table of tables"),
        ("{ one = { threads = 1 } }", "one.threads; there are intra_op, inter_op, variables and device"),
        ("{ one = { intra_op = 0 } }", "at least 1"),
        ("{ one = { inter_op = true } }", "whole number"),
        ("{ one = { variables = 1 } }", "one.variables, which must be a table of strings"),
        ("{ one = { variables = { A = 1 } } }", "one.variables, which must be a table of strings"),
        ("{ one = { variables = { 'A=B' = '1' } } }", "one.variables with 'A=B', whose name or value"),
        ('{ one = { variables = { A = "\\u0000" } } }', "one.variables with 'A', whose name or value"),
        ("{ one = { variables = { PYTHONHASHSEED = '1' } } }", "PYTHONHASHSEED, which every trial sets for itself"),
        ("{ one = { device = 'tpu' } }", "has one.device, which must be cpu or gpu, but is 'tpu'"),
        ("{ one = { device = '' } }", "has one.device, which must be cpu or gpu, but is ''"),
        ("{ one = { device = ['gpu'] } }", "has one.device, which must be cpu or gpu, but is ['gpu']"),
        (
            "{ one = { device = 'gpu', variables = { TF_FORCE_GPU_ALLOW_GROWTH = 'false' } } }",
            "has one with both device and variables.TF_FORCE_GPU_ALLOW_GROWTH; leave one of them out",
        ),
        (
            "{ one = { device = 'gpu', variables = { CUDA_VISIBLE_DEVICES = '0' } } }",
            "has one with both device and variables.CUDA_VISIBLE_DEVICES; leave one of them out",
        ),
    ],
    "policy": [
        ("3", "must be a table"),
        ("{ presets = 'bitwise' }", "'presets'; there are preset, rounding-ratio and rules"),
        ("{ preset = 'strict' }", "'strict', which is not one of bitwise, rounding, redraw"),
        ("{ rounding-ratio = 0 }", "rounding-ratio, which must be a number above 0"),
        ("{ rounding-ratio = nan }", "rounding-ratio, which must be a number above 0"),
        ("{ rounding-ratio = true }", "rounding-ratio, which must be a number above 0"),
        ("{ rounding-ratio = 1e9 }", "below 8388608"),
        ("{ rules = 3 }", "rules, which must be tables"),
        ("{ rules = [1] }", "rules, which must be tables"),
        ("{ rules = [{ stages = 'init', ratio = 2 }] }", "rule 1 with 'stages'"),
        ("{ rules = [{ stage = 'init' }] }", "either a ratio, or some of pass, warn and fail"),
        ("{ rules = [{ ratio = 2, pass = ['redrawn'] }] }", "either a ratio, or some of pass, warn and fail"),
        ("{ rules = [{ dtype = 'float32', pass = ['redrawn'] }] }", "a dtype, which only goes with a ratio"),
        ("{ rules = [{ pass = ['redrawn'], fail = ['redrawn'] }] }", "names one verdict twice"),
        ("{ rules = [{ ratio = -1 }] }", "rule 1.ratio, which must be a number above 0"),
        ("{ rules = [{ ratio = 1, model = 3 }] }", "must be a string"),
    ],
}


def load(folder: Path, table: str) -> config.Config:
    """Return the configuration of a pyproject.toml with a table."""
    (folder / "pyproject.toml").write_text(f"[tool.tfmatrix]\n{table}\n", encoding="utf-8")
    return config.load(folder)


def test_an_empty_table_gives_the_defaults(tmp_path: Path) -> None:
    """A table that says nothing chooses what the record states as defaults."""
    assert load(tmp_path, "") == config.Config(root=tmp_path)


def test_what_the_readme_shows_can_be_used_as_it_stands(tmp_path: Path) -> None:
    """The tables of the README load together, and those of the defaults say what the defaults are."""
    blocks = (ROOT / "README.md").read_text(encoding="utf-8").split("```toml\n")[1:]
    whole, *further = (block.partition("```")[0] for block in blocks)
    (tmp_path / "pyproject.toml").write_text(whole, encoding="utf-8")
    loaded = config.load(tmp_path)
    default = config.Config(root=tmp_path)
    same = ("launches", "policy")  # which have no default worth showing
    assert replace(loaded, **{name: getattr(default, name) for name in same}) == default
    assert len(loaded.launches) == 2
    for block in further:
        (tmp_path / "pyproject.toml").write_text(block, encoding="utf-8")
        assert config.load(tmp_path).policy.rules


def test_every_key_of_the_record_can_be_set_and_has_its_mistakes_tested() -> None:
    """A key that is added gets its mistakes tested too."""
    assert {key.replace("-", "_") for key in MISTAKES} == set(config.Config.__dataclass_fields__) - {
        "root",
        "machine",
        "commands",
        "builders",
        "model_files",
        "at_once",
        "python_for",
        "on",  # which is of one run
    }


@pytest.mark.parametrize(("key", "value", "told"), [(key, *pair) for key, pairs in MISTAKES.items() for pair in pairs])
def test_each_mistake_is_one_sentence_that_names_file_and_key(tmp_path: Path, key: str, value: str, told: str) -> None:
    """A value that cannot be used is refused in one sentence that names the file, the key and what is wrong."""
    with pytest.raises(UserError) as refused:
        load(tmp_path, f"{key} = {value}")
    message = str(refused.value)
    assert message.startswith(f"pyproject.toml, [tool.tfmatrix]: {key} ")
    assert told in message
    assert message.endswith(".")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("name", "hint"),
    [("version", "did you mean 'versions'?"), ("zzz", "there are versions, baseline"), ("root", "are")],
)
def test_an_unknown_key_is_refused_with_a_hint(tmp_path: Path, name: str, hint: str) -> None:
    """A key that does not exist is refused with the nearest one, or with all of them."""
    with pytest.raises(UserError, match="there is no key") as refused:
        load(tmp_path, f'{name} = "x"')
    assert hint in str(refused.value)


@pytest.mark.parametrize(
    ("table", "hint"),
    [
        ("m = { comand = ['python', 'a.py'] }", "m.comand, which is no key; did you mean 'command'?"),
        (
            "m = { command = ['python', 'a.py'], variable = {} }",
            "m.variable, which is no key; did you mean 'variables'?",
        ),
        ("m = { command = ['python', 'a.py'], env = {} }", "m.env, which is no key; there are command, steps"),
        (
            "m = { zzz = 1 }",
            "m.zzz, which is no key; there are command, steps, files, variables, modes, timeout, model,",
        ),
        ("m = { modell = 'a:b' }", "m.modell, which is no key; did you mean 'model'?"),
        ("m = { model = 'a:b', dat = 'a:c' }", "m.dat, which is no key; did you mean 'data'?"),
        ("m = { model = 'a:b', data = 'a:c', epoch = 1 }", "m.epoch, which is no key; did you mean 'epochs'?"),
        ("m = { model = 'a:b', data = 'a:c', steps = 1 }", "m.steps, which is no key; that of a table with a command"),
        ("m = { command = ['python', 'a.py'], epochs = 1 }", "m.epochs, which is no key; that of a table with a model"),
        ("a.b = { model = 'a:b', data = 'a:c' }", "a.b, which is no key (a model's name has no dot); there are"),
        (
            "a.b = { command = ['python', 'a.py'] }",
            "a.b, which is no key (a model's name has no dot); there are command",
        ),
    ],
)
def test_an_unknown_key_of_a_command_is_refused_with_a_hint(tmp_path: Path, table: str, hint: str) -> None:
    """A key of a command that does not exist is refused with the nearest one, or with all of them."""
    with pytest.raises(UserError, match=r"^pyproject.toml, \[tool.tfmatrix\]: models has ") as refused:
        load(tmp_path, f"[tool.tfmatrix.models]\n{table}")
    assert hint in str(refused.value)
    assert not str(refused.value).endswith("?.")


def test_tables_of_models_define_commands(tmp_path: Path) -> None:
    """Each table is a command, with defaults for what it does not say, and none of the models is left out by that."""
    table = """
        [tool.tfmatrix.models.mnist]
        command = ["python", "train.py", "--epochs", "1"]
        [tool.tfmatrix.models.all]
        command = ["python", "-m", "pkg.train"]
        steps = 20
        files = ["data/", "words.txt", "data/"]
        variables = { B = "2", A = "1" }
        modes = "tf2, v1"
        timeout = 600
    """
    loaded = load(tmp_path, table)
    assert (loaded.models, loaded.at_once) == ((), ())
    assert loaded.commands == (
        Command("mnist", ("python", "train.py", "--epochs", "1"), ("tf2",)),
        Command(
            "all",
            ("python", "-m", "pkg.train"),
            ("tf2", "v1"),
            20,
            ("data/", "words.txt"),
            (("A", "1"), ("B", "2")),
            600,
        ),
    )
    assert load(tmp_path, "models = {}").commands == ()


def test_tables_of_models_define_builders(tmp_path: Path) -> None:
    """A table with a model is a builder, beside commands, and a command that is typed takes its name."""
    table = """
        modes = ["tf2", "v1"]
        [tool.tfmatrix.models.mnist]
        model = "mnist.model:Nets.build"
        data = "rows:sample"
        [tool.tfmatrix.models.all]
        model = "a:b"
        data = "a:c"
        epochs = 2
        batch = 8
        optimizer = { name = "Adam", learning_rate = 1, amsgrad = true }
        loss = "mse"
        files = ["data/"]
        variables = { B = "2", A = "1" }
        modes = "v1"
        timeout = 600
        [tool.tfmatrix.models.train]
        command = ["python", "train.py"]
    """
    loaded = load(tmp_path, table)
    optimizer = (("amsgrad", True), ("learning_rate", 1), ("name", "Adam"))
    variables = (("A", "1"), ("B", "2"))
    assert loaded.builders == (
        Builder("mnist", "mnist.model:Nets.build", "rows:sample"),
        Builder("all", "a:b", "a:c", ("v1",), 2, 8, optimizer, "mse", ("data/",), variables, 600),
    )
    assert [command.name for command in loaded.commands] == ["train"]
    typed = loaded.with_command(["python", "mnist.py"], steps=None, modes=None)
    assert [builder.name for builder in typed.builders] == ["all"]


def test_tables_of_models_define_model_files(tmp_path: Path) -> None:
    """A table with a file is one, beside the others, and a file that is typed takes its name and stands alone."""
    table = """
        [tool.tfmatrix.models.served]
        file = "models/served.keras"
        [tool.tfmatrix.models.all]
        file = "models/all"
        inputs = "models/inputs.npz"
        objects = "package.classes"
        trust = true
        modes = "tf2"
        files = ["data/"]
        variables = { B = "2", A = "1" }
        timeout = 600
    """
    loaded = load(tmp_path, table)
    variables = (("A", "1"), ("B", "2"))
    assert loaded.model_files == (
        ModelFile("served", "models/served.keras"),
        ModelFile(
            "all", "models/all", "models/inputs.npz", "package.classes", True, ("tf2",), ("data/",), variables, 600
        ),
    )
    typed = loaded.with_file("here/served.h5", inputs="a.npz", objects="own", modes="tf2")
    assert typed.model_files[-1] == ModelFile("served", "here/served.h5", "a.npz", "own")
    assert [file.name for file in typed.model_files] == ["all", "served"]
    assert (typed.models, typed.modes) == (("served",), ("tf2",))
    assert typed.at_once == ("--file", "here/served.h5", "--inputs", "a.npz", "--objects", "own")
    with pytest.raises(UserError, match=r"^the command line has .*'../x.h5', which leads out of the project"):
        loaded.with_file("../x.h5", inputs=None, objects=None, modes=None)


def test_a_builder_that_would_be_left_out_of_a_mode_is_refused(tmp_path: Path) -> None:
    """A builder is run in modes of the project alone."""
    with pytest.raises(UserError, match=r"models has m, which runs in v1, and modes does not; add it there, or set"):
        load(tmp_path, 'modes = ["tf2"]\nmodels.m = { model = "a:b", data = "a:c", modes = ["v1"] }')


@pytest.mark.parametrize(("modes", "own"), [('["v1"]', ""), ('["tf2", "v1"]', 'modes = ["tf2", "tf2-xla"]')])
def test_a_command_that_would_be_left_out_of_a_mode_is_refused(tmp_path: Path, modes: str, own: str) -> None:
    """A command is run in modes of the project alone, and one that it has besides is a mistake."""
    table = f'modes = {modes}\n[tool.tfmatrix.models.m]\ncommand = ["python", "a.py"]\n{own}'
    with pytest.raises(UserError, match=r"models has m, which runs in tf2.*, and modes does not; add it there, or set"):
        load(tmp_path, table)


def test_a_command_that_is_typed_is_alone(tmp_path: Path) -> None:
    """What is typed is one command besides those of the tables, the only one that is chosen, named after its script."""
    loaded = load(tmp_path, 'models.other.command = ["python", "b.py"]\nmodes = ["v1"]\nmodels.other.modes = "v1"')
    typed = loaded.with_command(["python", "src/train.py", "--epochs", "1"], steps=None, modes=None)
    command = Command("train", ("python", "src/train.py", "--epochs", "1"), ("tf2",))
    assert (typed.models, typed.modes, typed.commands) == (("train",), ("tf2",), (*loaded.commands, command))
    assert typed.at_once == ("--", "python", "src/train.py", "--epochs", "1")
    stopped = loaded.with_command(["python", "other.py"], steps=3, modes="v1,tf2")
    assert stopped.commands == (Command("other", ("python", "other.py"), ("v1", "tf2"), 3),)
    assert stopped.at_once == ("--steps", "3", "--", "python", "other.py")


@pytest.mark.parametrize(
    ("words", "steps", "told"),
    [
        (["mlp"], None, "the words behind --, which must begin with python or jupyter, but begins with 'mlp'"),
        (["python"], None, "the words behind -- with python alone, which runs nothing"),
        (["python", "../a.py"], None, "leads out of the project"),
        (["python", "a.py"], -1, "steps, which must be a whole number of at least 0"),
    ],
)
def test_a_bad_command_that_is_typed_is_refused(tmp_path: Path, words: list[str], steps: int | None, told: str) -> None:
    """What cannot be run is refused in a sentence that names the command line."""
    with pytest.raises(UserError, match=r"^the command line has .*\.$") as refused:
        load(tmp_path, "").with_command(words, steps=steps, modes=None)
    assert told in str(refused.value)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    """Every key arrives in the record, in its own type."""
    table = """
        versions = ["2.9.3", "2.16.2", "2.9.3"]
        baseline = " 2.9.3 "
        python = "3.9"
        distribution = "tensorflow"
        modes = "v1, tf2"
        models = ["mlp"]
        models_folder = "m"
        trials = 1
        jitters = 0
        seed = 7
        timeout = 3
        jobs = 4
        memory = 512
        store = "s.sqlite"
        reports = "r"
        launches.plain = { intra_op = 1, inter_op = 3, variables = { B = "2", A = "1" } }
    """
    loaded = load(tmp_path, table)
    assert loaded == config.Config(
        root=tmp_path,
        versions=("2.9.3", "2.16.2"),
        baseline="2.9.3",
        python="3.9",
        distribution="tensorflow",
        modes=("v1", "tf2"),
        models=("mlp",),
        models_folder=Path("m"),
        launches=(Launch(), Launch("plain", 1, 3, (("A", "1"), ("B", "2")))),
        trials=1,
        jitters=0,
        seed=7,
        timeout=3.0,
        jobs=4,
        memory=512,
        store=Path("s.sqlite"),
        reports=Path("r"),
    )
    assert loaded.under_root(loaded.store) == tmp_path / "s.sqlite"


def test_a_policy_is_read_rule_by_rule(tmp_path: Path) -> None:
    """A policy's rules keep their order, and each is either a ratio or levels."""
    table = """
        [tool.tfmatrix.policy]
        preset = "redraw"
        rounding-ratio = 8
        [[tool.tfmatrix.policy.rules]]
        model = "mlp"
        stage = "gradient"
        dtype = "float32"
        ratio = 2
        [[tool.tfmatrix.policy.rules]]
        mode = "v1"
        pass = ["redrawn"]
        fail = "rounding, failed"
    """
    levels = (("redrawn", "pass"), ("rounding", "fail"), ("failed", "fail"))
    rules = (Rule(model="mlp", stage="gradient", dtype="float32", ratio=2.0), Rule(mode="v1", levels=levels))
    assert load(tmp_path, table).policy == Policy("redraw", 8.0, rules)


def test_the_default_launch_is_there_once_and_can_be_set(tmp_path: Path) -> None:
    """A launch called default takes the default's place, before all others."""
    loaded = load(tmp_path, "launches = { single = { intra_op = 1 }, default = { intra_op = 4 } }")
    assert loaded.launches == (Launch("default", 4), Launch("single", 1))


def test_a_device_is_asked_for_by_its_variables(tmp_path: Path) -> None:
    """They stand among the launch's own; without a device a launch may set each of them itself."""
    table = """
        launches.on-gpu = { device = "gpu", variables = { A = "1" } }
        launches.on-cpu = { device = "cpu", intra_op = 1 }
        launches.second = { variables = { CUDA_VISIBLE_DEVICES = "1" } }
    """
    assert load(tmp_path, table).launches == (
        Launch(),
        Launch("on-gpu", variables=(("A", "1"), ("TF_FORCE_GPU_ALLOW_GROWTH", "true")), device="gpu"),
        Launch("on-cpu", 1, variables=(("CUDA_VISIBLE_DEVICES", "-1"),), device="cpu"),
        Launch("second", variables=(("CUDA_VISIBLE_DEVICES", "1"),)),
    )


@pytest.mark.parametrize("name", sorted(config.RESERVED))
def test_a_launch_cannot_set_what_the_runner_sets(tmp_path: Path, name: str) -> None:
    """A variable that every process has from the runner is refused, with the reason."""
    with pytest.raises(UserError, match=r"launches has one\.variables") as refused:
        load(tmp_path, f'launches = {{ one = {{ variables = {{ {name} = "x" }} }} }}')
    assert config.RESERVED[name] in str(refused.value)


def test_a_choice_of_the_command_line_comes_before_the_file(tmp_path: Path) -> None:
    """What is chosen for one run replaces the file's value, and None leaves it."""
    chosen = load(tmp_path, "trials = 5\nseed = 1").overridden(trials=2, versions="2.9.3, 2.16.2", seed=None)
    assert (chosen.trials, chosen.versions, chosen.seed) == (2, ("2.9.3", "2.16.2"), 1)


@pytest.mark.parametrize("choices", [{"trials": 0}, {"versions": ""}, {"modes": "tf2,v3"}, {"timeout": float("nan")}])
def test_a_bad_choice_of_the_command_line_is_refused_as_the_files_are(tmp_path: Path, choices: dict[str, Any]) -> None:
    """A choice that cannot be used is refused in a sentence that names the command line and the key."""
    with pytest.raises(UserError, match=rf"^the command line: {next(iter(choices))} .*\.$"):
        load(tmp_path, "").overridden(**choices)


@pytest.mark.parametrize(
    "content", [b"[tool.tfmatrix", b"\xff\xfe", b"a = 1\na = 2", b"[tool.tfmatrix]\nseed=1\n[tool.tfmatrix]\n"]
)
def test_an_unreadable_file_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    """A pyproject.toml that is no TOML, or says a thing twice, is refused by its path."""
    (tmp_path / "pyproject.toml").write_bytes(content)
    with pytest.raises(UserError, match="cannot be read") as refused:
        config.load(tmp_path)
    assert str(tmp_path / "pyproject.toml") in str(refused.value)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    """A folder without a pyproject.toml is refused by the path that was looked for."""
    with pytest.raises(UserError, match=r"pyproject\.toml cannot be read"):
        config.load(tmp_path)


@pytest.mark.parametrize("value", ["3", '"x"', "[1]"])
def test_what_is_no_table_is_refused(tmp_path: Path, value: str) -> None:
    """A key tool.tfmatrix that is no table is refused."""
    (tmp_path / "pyproject.toml").write_text(f"[tool]\ntfmatrix = {value}\n", encoding="utf-8")
    with pytest.raises(UserError, match="must be a table"):
        config.load(tmp_path)


def test_the_nearest_folder_with_the_table_is_the_root(tmp_path: Path) -> None:
    """A folder upwards is found, and a nearer pyproject.toml without the table is passed over."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.tfmatrix]\n", encoding="utf-8")
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.other]\n", encoding="utf-8")
    assert config.find_root(inner) == tmp_path


def test_without_a_table_anywhere_the_sentence_says_what_to_do(tmp_path: Path) -> None:
    """Where no folder upwards has the table, the sentence says to add one."""
    with pytest.raises(UserError, match="tfmatrix init --write"):
        config.find_root(tmp_path)


def test_this_projects_own_table_can_be_used() -> None:
    """The configuration of this repository names what it compares, and is free of mistakes."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["tfmatrix"]
    assert list(config.load(ROOT).versions) == table["versions"]


def test_each_release_has_its_python_and_its_requirements(tmp_path: Path) -> None:
    """What a table says of a minor holds of its patches, what it says of a patch goes first, and lists are added up."""
    loaded = load(
        tmp_path,
        'python = { default = "3.11", "2.9" = "3.9", "2.16.2" = "3.12" }\n'
        'requirements = ["pandas"]\nrequirements-for = { "2.16" = ["b"], "2.16.2" = ["c"] }',
    )
    versions = ("2.9.3", "2.16.1", "2.16.2", "2.21.0")
    assert [loaded.python_of(version) for version in versions] == ["3.9", "3.11", "3.12", "3.11"]
    assert [loaded.python_of(old) for old in ("2.7.4", "1.15.5")] == ["3.9", "3.7"]  # 3.11 has none of these
    asked = [("pandas",), ("pandas", "b"), ("pandas", "c"), ("pandas",)]
    assert [loaded.requirements_of(version) for version in versions] == asked
    assert loaded.overridden(python="3.13").python_of("2.9.3") == "3.13"  # what is typed holds of all
    assert loaded.overridden(python="3.8").python_of("2.7.4") == "3.8"
