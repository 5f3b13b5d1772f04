"""Recipes: which recipe makes which model reproduce, whatever a process starts like."""
