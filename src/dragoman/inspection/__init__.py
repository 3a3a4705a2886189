"""Looking inside: what happened at each step, as data, as a page and as plots."""
