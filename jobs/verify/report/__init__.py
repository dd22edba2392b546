"""What an auditor reads: canonical JSON that is signed, one page of HTML, lines in a terminal."""
