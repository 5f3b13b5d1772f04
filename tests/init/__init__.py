"""Setting up a project."""
