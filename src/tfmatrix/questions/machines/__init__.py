"""Machines: what another machine class changes in a project's models, in one and the same release."""
