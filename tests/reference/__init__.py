"""The reference models against what Keras has."""
