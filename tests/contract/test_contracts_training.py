"""The package's contracts, run on its own rows."""

from dragoman.contracts.test_training import *  # noqa: F403
