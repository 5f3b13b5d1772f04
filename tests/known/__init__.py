"""Changes between releases that are known: each is shown by a plain script, run in both of its environments."""
