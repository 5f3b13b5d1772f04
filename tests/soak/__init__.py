"""The soak test: a real run is killed again and again, and its report is compared with an undisturbed one's."""
