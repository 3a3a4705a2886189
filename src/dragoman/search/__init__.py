"""Search: from a `Stepper` to the best words. It never sees the network."""
