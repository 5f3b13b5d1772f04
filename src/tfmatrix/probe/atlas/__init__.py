"""The atlas: every op of a release that a CPU can run by itself, on inputs that are the same bits in every release."""
