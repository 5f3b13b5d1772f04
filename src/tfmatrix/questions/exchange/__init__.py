"""Exchange: weights and whole models written in one release and read in each later one, or both ways."""
