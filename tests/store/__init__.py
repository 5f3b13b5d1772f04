"""Tests of the reports: stored records in, whole texts out."""
