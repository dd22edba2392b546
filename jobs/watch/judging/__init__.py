"""From what places say to what is thought of it, in words: pure, but for what is remembered."""
