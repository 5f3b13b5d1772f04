"""Turn the plan into trials: start probes, watch them, and hand each finished trial to the store."""
