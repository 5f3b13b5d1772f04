"""Generated requirement files: templates that are rendered for one set of versions or another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

VERSIONS = {"tensorflow": ("2.15.1", "2.21.0"), "keras": ("2.15.0", "3.12.0"), "numpy": ("1.26.4", "2.2.6")}
"""Old and new version by package."""

SPELLINGS = {
    "tensorflow": ["tensorflow", "TensorFlow", "tensorflow-cpu", "Tensorflow_CPU"],
    "keras": ["keras", "Keras"],
    "numpy": ["numpy", "NumPy"],
}

MARKERS = ["", '; python_version >= "3.8"', " ; sys_platform != 'win32' and python_version<'3.13'", ";extra=='2.15.1'"]

OTHERS = [
    "",
    "   ",
    "# tensorflow==2.15.1",
    "   # numpy==1.26.4 \\",
    "absl-py==2.15.1",
    "tensorflow-hub == 2.15.1 ; python_version < '3.9'",
    "tensorboard~=2.15.1 --hash=sha256:" + "e" * 64,
    "protobuf[x,y]>=1.26.4,<9 # 2.15.0",
    "keras-tuner==2.15.0 \\\n    --hash=sha256:" + "f" * 64 + " \\\n    --hash=sha256:" + "a" * 64,
    "--index-url https://example.org/2.15.1/simple",
    "--pre",
    "-e .",
    "./wheels/other-2.15.1-py3-none-any.whl",
    "other @ https://example.org/tensorflow==2.15.1/other.zip",
    "tensorflow>=2.15.1  # a range that stays",
    "numpy",
    "keras!=2.15.1",
    "--no-binary :all:",
]


@dataclass(frozen=True)
class PinLine:
    """A line that pins a package, in parts."""

    name: str
    spelling: str
    extras: str
    operator: str
    marker: str
    breaks: str
    """What stands before each hash."""
    option: str
    hashed: bool
    tail: str

    def render(self, at: int, hashes: Mapping[str, Sequence[str]]) -> str:
        """Return the line for the old (0) or new (1) versions."""
        line = self.spelling + self.extras + self.operator + VERSIONS[self.name][at] + self.marker
        if self.hashed:
            line += "".join(self.breaks + self.option + digest for digest in hashes[self.name])
        return line + self.tail


@dataclass(frozen=True)
class Template:
    """One file: its lines, and how they are stored."""

    lines: tuple[PinLine | str, ...]
    newline: str
    mark: bytes
    codec: str
    last_newline: bool

    def render(self, at: int, hashes: Mapping[str, Sequence[str]]) -> bytes:
        """Return the file's bytes for the old (0) or new (1) versions."""
        lines = [line.render(at, hashes) if isinstance(line, PinLine) else line for line in self.lines]
        text = "\n".join(lines) + ("\n" if self.last_newline else "")
        return self.mark + text.replace("\n", self.newline).encode(self.codec)


def digests() -> st.SearchStrategy[list[str]]:
    """Return one to four hashes."""
    one = st.integers(0, 2**256 - 1).map(lambda number: f"sha256:{number:064x}")
    return st.lists(one, min_size=1, max_size=4, unique=True)


@st.composite
def pin_lines(draw: st.DrawFn) -> PinLine:
    """Draw a line that pins one of the packages."""
    name = draw(st.sampled_from(sorted(VERSIONS)))
    return PinLine(
        name,
        draw(st.sampled_from(SPELLINGS[name])),
        draw(st.sampled_from(["", "[and-cuda]", " [x, y]"])),
        draw(st.sampled_from(["==", " == ", "\t==", "===", "== \\\n   "])),
        draw(st.sampled_from(MARKERS)),
        draw(st.sampled_from([" ", "  ", "\t", " \\\n    ", " \\\n", "\\\n\t"])),
        draw(st.sampled_from(["--hash=", "--hash "])),
        draw(st.booleans()),
        draw(
            st.sampled_from(["", "  ", " # 2.15.1, and 1.26.4", "\t#tensorflow==2.15.1", "\n    # via keras==2.15.0"])
        ),
    )


@st.composite
def templates(draw: st.DrawFn, first: tuple[str, ...] = ()) -> Template:
    """Draw a file, that begins with the given lines."""
    line = pin_lines() | st.sampled_from(OTHERS)
    mark, codec = draw(st.sampled_from([(b"", "utf-8"), (b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le")]))
    return Template(
        (*first, *draw(st.lists(line, max_size=8))),
        draw(st.sampled_from(["\n", "\r\n"])),
        mark,
        codec,
        draw(st.booleans()),
    )


@st.composite
def projects(draw: st.DrawFn) -> dict[str, Template]:
    """Draw a project of three files, of which the first names the second and that the third, in every way there is."""
    second, third = "requirements/base file.txt", "requirements/shared/limits.pip"
    option = draw(st.sampled_from(["-r ", "-c ", "--requirement ", "--constraint=", "--requirement="]))
    naming = draw(st.sampled_from(["-r ", "-r", "-c", "--constraint ", "--requirement="]))
    return {
        "requirements.txt": draw(templates((f'{option}"{second}"',))),
        second: draw(templates((f"{naming}shared/limits.pip  # 2.15.1", "-r ../requirements.txt"))),
        third: draw(templates()),
    }


def pinned(project: Mapping[str, Template]) -> set[str]:
    """Return the names of the packages that a project pins."""
    return {line.name for file in project.values() for line in file.lines if isinstance(line, PinLine)}


_TOML = [
    '"tensorflow==<tensorflow>"',
    "'tensorflow-cpu[x] == <tensorflow> ; extra==\"2.15.1\"'",
    '"""keras===<keras>"""',
    "'''\nnumpy (==<numpy>)'''",
    '"absl-py==2.15.1"',
    '"numpy>=1.26.4"',
    "\"tensorboard==2.15.1; extra=='2.15.1'\"",
    '"tensorflow>=2.15.1"',
]

_POETRY = {
    "tensorflow": [
        '"<tensorflow>"',
        "{ version = '==<tensorflow>', extras = ['2.15.1'] }",
        '">=2.15.1"',
        "[{version='= <tensorflow>'}]",
    ],
    "NumPy": ["'''<numpy>'''", '"==1.26.4 || >=2"', '{optional = true, version = """<numpy>"""}'],
    "absl-py": ['"2.15.1"'],
}

_CONDA = [
    "tensorflow=<tensorflow>",
    "'keras==<keras>'",
    '"conda-forge::numpy=<numpy>"',
    "tensorflow-cpu  <tensorflow>  *2.15.1*",
    "python=3.10",
    "numpy>=1.26.4",
    "absl-py=2.15.1",
]

_PIP = ["tensorflow == <tensorflow>", "'keras==<keras> ; python_version > \"3\"'", "absl-py==2.15.1", "--pre"]


@st.composite
def pyprojects(draw: st.DrawFn) -> str:
    """Draw a pyproject.toml with places for versions."""
    comments = st.sampled_from(["", " # tensorflow==2.15.1", "  # 1.26.4, 2.15.0\n# '2.15.1'"])
    items = st.lists(st.tuples(st.sampled_from(_TOML), comments), max_size=5)

    def listed() -> str:
        return "[\n" + "".join(f"\t{item},{comment}\n" for item, comment in draw(items)) + "]"

    poetry = "".join(
        f"{name} = {draw(st.sampled_from(ways))}\n" for name, ways in _POETRY.items() if draw(st.booleans())
    )
    parts = [
        f'[project]\nname = "tensorflow" # 2.15.1\nversion = "2.15.1"\ndependencies = {listed()}\n',
        f"[dependency-groups]\ntensorflow = {listed()}\n",
        f"[tool.poetry.group.x.dependencies]\n{poetry}",
        "[tool.y]\nversions = ['tensorflow==2.15.1', '2.15.0', '1.26.4']\n",
    ]
    return "\n".join(draw(st.permutations(parts)))


@st.composite
def conda_files(draw: st.DrawFn) -> str:
    """Draw an environment.yml with places for versions."""
    comments = st.sampled_from(["", "  # tensorflow=2.15.1", "\n# 1.26.4"])
    items = draw(st.lists(st.tuples(st.sampled_from(_CONDA), comments), max_size=6))
    of_pip = draw(st.lists(st.tuples(st.sampled_from(_PIP), comments), max_size=4))
    lines = "".join(f"  - {item}{comment}\n" for item, comment in items)
    pip = "  -   pip:\n" + "".join(f"      - {item}{comment}\n" for item, comment in of_pip)
    return f"name: tensorflow=2.15.1\nvariables: {{X: 1.26.4}}\ndependencies:\n  - pip\n{lines}{pip if of_pip else ''}"


_PIPFILE = {
    "tensorflow": ['"==<tensorflow>"', "{version = '== <tensorflow>', extras = ['2.15.1']}", '">=2.15.1"'],
    "Keras": ["'===<keras>'", '"*"'],
    "numpy": ['"""==<numpy>"""', '{version = ">=1.26.4", markers = "python_version > \'2.15.1\'"}'],
    "absl-py": ['"==2.15.1"'],
}


@st.composite
def pipfiles(draw: st.DrawFn) -> str:
    """Draw a Pipfile with places for versions."""
    comments = st.sampled_from(["", " # tensorflow==2.15.1", "\n# '2.15.0'"])
    categories = []
    for category in draw(st.permutations(["packages", "dev-packages", "train"])):
        chosen = [(name, draw(st.sampled_from(ways))) for name, ways in _PIPFILE.items() if draw(st.booleans())]
        categories.append(f"[{category}]\n" + "".join(f"{name} = {way}{draw(comments)}\n" for name, way in chosen))
    return (
        '[[source]]\nurl = "https://x.org/2.15.1"\n\n' + "\n".join(categories) + '[requires]\npython_version = "3.10"\n'
    )


def filled(text: str, at: int) -> str:
    """Return a text with the old (0) or new (1) versions in its places."""
    for name, both in VERSIONS.items():
        text = text.replace(f"<{name}>", both[at])
    return text
