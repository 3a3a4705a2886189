"""How good the output is: metrics, each score with its signature, and the report over all."""
