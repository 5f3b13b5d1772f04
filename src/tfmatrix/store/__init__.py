"""Store: one SQLite file with trials, traces, tensors and facts, and the digests that they are filed under."""
