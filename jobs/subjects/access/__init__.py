"""The right of access: a copy of everything that is kept of a subject, that a person can read."""
