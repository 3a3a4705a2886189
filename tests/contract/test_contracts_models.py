"""The package's contracts, run on its own rows."""

from dragoman.contracts.test_models import *  # noqa: F403
