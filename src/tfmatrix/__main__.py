"""Start tfmatrix as ``python -m tfmatrix``."""

import os

from tfmatrix.alone import leave_out

leave_out(os.curdir)

from tfmatrix.cli import main  # noqa: E402  # what it imports is not the project's

if __name__ == "__main__":
    main()
