"""Who leaves, and who stays."""

__version__ = "0.1.0"
