"""Python files and notebooks, read by their syntax and not run: what they import, train, and are started with."""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tfmatrix.init.listing import Listing
from tfmatrix.reading import bytes_of

TENSORFLOW = ("tensorflow", "keras", "tf_keras")
"""The modules that make a script one of TensorFlow's."""

TRAINING = frozenset(
    {
        "GradientTape", "apply_gradients", "fit", "fit_generator", "minimize", "train", "train_and_evaluate",
        "train_on_batch",
    }
)  # fmt: skip
"""Functions by whose call a file is seen to train: Keras's, those of loops by hand, of sessions and of estimators."""

_STARTING = TRAINING | {"main"}
"""Functions whose call at a file's top level makes it one that is run, beside the project's own that train."""

_WORDS = (b"tensorflow", b"keras", b"__main__", b"main(", b"fit(", b"train")
"""What a file has to have to be worth parsing as the first of a script; a project may have thousands."""

_MAY_BE_LEFT_OUT = ("?", "*")
"""Counts of values of an argument, of which one is none."""


@dataclass(frozen=True)
class Import:
    """One name that is imported: ``package.module``, behind so many dots."""

    name: str
    dots: int = 0


@dataclass(frozen=True)
class Module:
    """What a file says."""

    imports: frozenset[Import]
    trains: bool
    """Whether it calls something that trains."""
    is_guarded: bool
    """Whether it has a main part behind ``if __name__ == "__main__"``."""
    called: frozenset[str]
    """What it calls at its top level, by the last name: ``fit`` of ``model.fit(x)``."""
    calls: Mapping[str, frozenset[str]]
    """What each of its functions and methods calls, by its name."""
    functions: frozenset[str]
    """Its functions that can be called with nothing, or with ``rng`` alone."""
    asks_for: tuple[str, ...]
    """The arguments that it can't be started without."""
    texts: frozenset[str]
    """Its strings, some of which may be paths."""

    @property
    def has_tensorflow(self) -> bool:
        """Return whether it imports TensorFlow or a Keras itself."""
        return any(not one.dots and one.name.partition(".")[0] in TENSORFLOW for one in self.imports)


class Modules:
    """The modules of a project, each parsed once, and only when it is asked for."""

    def __init__(self, listing: Listing) -> None:
        """Read modules of a listing."""
        self._root = listing.root
        self._names = frozenset(listing.names)
        self._known: dict[str, Module | None] = {}

    def may_be_script(self, name: str) -> bool:
        """Return whether a file has any of the words that a script of TensorFlow's or a builder has."""
        try:
            content = bytes_of(self._root / name)
        except (OSError, ValueError):
            return False
        return any(word in content for word in _WORDS)

    def module(self, name: str) -> Module | None:
        """Return the module of a file; None where it can't be read or is no Python 3."""
        if name not in self._known:
            self._known[name] = _read(self._root / name)
        return self._known[name]

    def reached(self, name: str) -> dict[str, Module]:
        """Return the modules of the project that a file imports, and those that they import, itself the first."""
        found: dict[str, Module] = {}
        waiting = [name]
        while waiting:
            one = waiting.pop()
            if one not in found and (module := self.module(one)):
                found[one] = module
                waiting += [path for each in module.imports for path, _ in self._files_of(each, one, name)]
        return found

    def is_started(self, name: str) -> bool:
        """Return whether a file has a main part: a guarded one, or a call at its top level that trains.

        Such a call may be of a function of the project that trains, or calls one that does.
        """
        reached = self.reached(name)
        functions = [one for module in reached.values() for one in module.calls.items()]
        starting: set[str] = set(_STARTING)
        while more := {function for function, calls in functions if calls & starting} - starting:
            starting |= more
        return name in reached and (reached[name].is_guarded or bool(reached[name].called & starting))

    def needs_root(self, name: str) -> bool:
        """Return whether a file finds its imports only as a module of the project's folder, and not as a script."""
        module = self.module(name)
        for one in module.imports if module else ():
            bases = [base for _, base in self._files_of(one, name, name)]
            if one.dots or (bases and not any(bases) and _parent(name)):
                return True
        return False

    def _files_of(self, one: Import, name: str, script: str) -> Iterator[tuple[str, str]]:
        """Yield the project's files that an import of a file leads to, each with the folder that it was looked for in.

        Where a module is looked for is where Python would: beside the script, in the project's folder, and in ``src``.
        """
        beside = _parent(script)
        if one.dots:
            folder = name
            for _ in range(one.dots):
                folder = _parent(folder)
            bases = [folder]
        else:
            bases = list(dict.fromkeys((beside, "", "src")))
        parts = one.name.split(".") if one.name else []
        for base in bases:
            for depth in range(1 if parts else 0, len(parts) + 1):
                path = "/".join([*([base] if base else []), *parts[:depth]])
                for candidate in (f"{path}.py", f"{path}/__init__.py" if path else "__init__.py"):
                    if candidate in self._names:
                        yield candidate, base


def _parent(name: str) -> str:
    return name.rpartition("/")[0]


def dotted(name: str) -> str:
    """Return what a file is imported as from the project's folder or its ``src``; empty where it can't be."""
    path = PurePosixPath(name.removeprefix("src/"))
    parts = path.parts[:-1] if path.name in ("__main__.py", "__init__.py") else (*path.parts[:-1], path.stem)
    return ".".join(parts) if parts and all(part.isidentifier() for part in parts) else ""


def _read(path: Path) -> Module | None:
    try:
        content = bytes_of(path)
        source: str | bytes = "\n\n".join(_cells(content)) if path.suffix == ".ipynb" else content
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that are none, in somebody else's file
            tree = ast.parse(source)
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, AttributeError, RecursionError, MemoryError):
        return None
    top = list(_at_top(tree.body))
    return Module(
        imports=frozenset(_imports(tree)),
        trains=bool(_calls(ast.walk(tree)) & TRAINING),
        is_guarded=any(isinstance(node, ast.If) and _is_guard(node.test) for node in top),
        called=_calls(top),
        calls=_calls_by_function(tree),
        functions=frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef) and _is_free(node)),
        asks_for=tuple(_asked_for(tree)),
        texts=frozenset(n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)),
    )


def _cells(content: bytes) -> Iterator[str]:
    """Yield the code of a notebook's cells, without what is for IPython itself."""
    for cell in json.loads(content.decode("utf-8"))["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code" and not text.startswith("%%"):
            lines = [f"{line[: len(line) - len(line.lstrip())]}pass" if _is_magic(line) else line
                     for line in text.splitlines()]  # fmt: skip
            code = "\n".join(lines)
            with suppress(SyntaxError):  # one cell that was left broken says nothing of the others
                ast.parse(code)
                yield code


def _is_magic(line: str) -> bool:
    return line.lstrip().startswith(("%", "!", "?")) or line.rstrip().endswith("?")


def _imports(tree: ast.AST) -> Iterator[Import]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # What is imported may be a module of the package itself; where it is not, no such file is found.
            within = f"{node.module}." if node.module else ""
            yield from (Import(f"{within}{alias.name}", node.level) for alias in node.names)


def _calls(nodes: Iterable[ast.AST]) -> frozenset[str]:
    return frozenset(_called(node) for node in nodes if isinstance(node, ast.Call))


def _calls_by_function(tree: ast.AST) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found[node.name] = found.get(node.name, frozenset()) | _calls(ast.walk(node))  # two classes may share it
    return found


def _called(node: ast.Call) -> str:
    """Return the last name of what is called: ``fit`` of ``model.fit(x)``."""
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _at_top(nodes: list[ast.stmt]) -> Iterator[ast.AST]:
    """Yield whatever is run when the file is: not what stands in functions and classes."""
    waiting: list[ast.AST] = list(nodes)
    while waiting:
        node = waiting.pop()
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield node
            waiting += ast.iter_child_nodes(node)


def _is_guard(test: ast.expr) -> bool:
    if not isinstance(test, ast.Compare) or len(test.comparators) != 1:
        return False
    sides = (test.left, test.comparators[0])
    return any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides) and any(
        isinstance(side, ast.Constant) and side.value == "__main__" for side in sides
    )


def _is_free(node: ast.FunctionDef) -> bool:
    """Return whether a function can be called with nothing, or with ``rng`` alone."""
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    needed = positional[: len(positional) - len(arguments.defaults)]
    keywords = [a for a, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None]
    return {argument.arg for argument in (*needed, *keywords)} <= {"rng"}


def _asked_for(tree: ast.AST) -> Iterator[str]:
    """Yield the arguments of an `argparse` parser without which it ends the script."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or _called(node) != "add_argument" or not node.args:
            continue
        name = node.args[-1]
        said = {keyword.arg: keyword.value for keyword in node.keywords}
        if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
            continue
        if name.value.startswith("-"):
            needed = _constant(said.get("required")) is True
        else:
            needed = "default" not in said and _constant(said.get("nargs")) not in _MAY_BE_LEFT_OUT
        if needed:
            yield name.value


def _constant(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None
