"""The atlas: every op that a CPU can run by itself, and every name of Keras, on the same bits in every release."""
