"""The atlas: which of TensorFlow's own ops, and of Keras's classes and functions, changed between releases."""
