"""Training: the hybrid loss, the loop that lowers it while it makes its own pairs, and the conductor of all runs."""
