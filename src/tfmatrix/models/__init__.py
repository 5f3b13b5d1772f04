"""Models: the files that are run, and what a result of each rests on."""
