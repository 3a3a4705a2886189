"""The package's contracts, run on its own rows."""

from dragoman.contracts.test_parts import *  # noqa: F403
