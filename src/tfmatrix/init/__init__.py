"""Setting up a project: what is found in its folder, the table that it gives, and writing that."""
