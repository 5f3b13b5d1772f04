"""Fuzz: whatever a file holds, a command ends with a sentence, and nothing passes that a plain oracle calls red."""
