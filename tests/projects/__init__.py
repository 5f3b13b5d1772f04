"""Training scripts as their users write them, and what becomes of them in each release."""
