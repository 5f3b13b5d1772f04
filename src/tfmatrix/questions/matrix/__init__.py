"""Matrix: what moving from one release to another changes in the reference models."""
