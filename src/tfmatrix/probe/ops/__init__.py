"""Single ops: recorded while a model trains one step eagerly, and replayed alone in another release."""
