"""The gate: whether a candidate may be pinned, on which policy, on whose word, and on which evidence."""
