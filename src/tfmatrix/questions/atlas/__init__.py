"""The atlas: which of TensorFlow's own ops changed between releases, for every one that a CPU can run by itself."""
