"""Tests of the exchange: its plan, its run and its judging."""
