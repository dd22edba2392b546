"""Legal holds: placed and released by two persons; what is held is copied before it goes."""
