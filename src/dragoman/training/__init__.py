"""How a network is taught: losses, optimisers, the clock, the loop, checkpoints, and what watches it."""
