"""The package's contracts, run on its own rows."""

from dragoman.contracts.test_tokenizers import *  # noqa: F403
