"""What the context codec asks about tiles, in which order, and what it knows when it asks.

No bytes here: answers come from a coder, one `Coder` signature for encoder, decoder and training.
Reading order: decisions, sheets, versions, vocabulary, latest, canvas, updates, targets, becoming.
"""
