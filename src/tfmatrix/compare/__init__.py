"""Compare traces: fingerprints to differences (measured), differences to verdicts (judged)."""
