"""Maps as people see them: `history` puts versions together, `drawing` draws a map or a heat."""
