"""The package's contracts, run on its own rows."""

from dragoman.contracts.test_metrics import *  # noqa: F403
