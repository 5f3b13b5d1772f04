"""Start the probe as a program: ``python -S -s -u path/to/probe``.

The folder is made importable under a name of its own, so that neither tfmatrix nor the folder's files (whose names
could hide a module that TensorFlow imports) come onto ``sys.path``. A ``sitecustomize.py`` of the machine's Python is
not run: the environment's packages are all that is found besides its library.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import site
import sys
import types

NAME = "tfmatrix_probe"


def adopt_folder() -> None:
    """Make this folder importable as the package ``tfmatrix_probe`` and take it off ``sys.path``."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or os.curdir) != here]
    spec = importlib.util.spec_from_file_location(
        NAME, os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = package
    spec.loader.exec_module(package)


def find_packages() -> None:
    """Have the environment's packages be found, as Python's own start would without ``-S``.

    A ``sitecustomize`` is imported from where a launch's ``PYTHONPATH`` says alone.
    """
    name = "sitecustomize"
    told = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
    asked = importlib.machinery.PathFinder.find_spec(name, told)
    if not asked:
        sys.modules[name] = types.ModuleType(name)
    site.main()
    if not asked:
        del sys.modules[name]


if __name__ == "__main__":
    find_packages()
    adopt_folder()
    from tfmatrix_probe.process_start import prepare  # type: ignore[import-not-found]  # the same
    from tfmatrix_probe.server import be_worker, main  # type: ignore[import-not-found]  # the name made above

    prepare()

    if sys.argv[1:]:
        be_worker(sys.argv.pop())
    sys.exit(main())
