"""Maps as a whole: training the context table, and measuring what the codecs reach."""
