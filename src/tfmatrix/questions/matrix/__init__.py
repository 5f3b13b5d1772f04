"""Matrix: what moving from one release to another changes in a project's models."""
