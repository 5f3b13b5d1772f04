"""Start tfmatrix as ``python -m tfmatrix``."""

from tfmatrix.cli import main

if __name__ == "__main__":
    main()
