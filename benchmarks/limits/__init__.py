"""What the limit of a noise floor's ratio costs and gives: the figures of docs/decisions/0004."""
