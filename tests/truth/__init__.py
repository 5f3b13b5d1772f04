"""The truth suite: what plain scripts measure from one release to the next, and what tfmatrix says of it."""
