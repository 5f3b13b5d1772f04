"""The self-test: faults planted inside the probe have to be found, placed and judged rightly in the report."""
