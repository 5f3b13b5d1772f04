"""The runner: from expected trials to trials, through probes in environments that nox makes."""
