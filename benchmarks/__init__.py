"""What tfmatrix costs, as ratios measured in one run: `nox -s bench`."""
