"""What things cost, measured in one run and kept as figures: `hour` is the data of most of them."""
