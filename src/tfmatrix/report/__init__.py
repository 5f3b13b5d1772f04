"""Render a comparison: one module per format."""
