"""pyarrow, which only the extra ``dragoman[ray]`` brings, imported where it is used."""

from __future__ import annotations

from typing import Any

from dragoman.data.files import import_extra


def arrow(part: str = "") -> Any:
    """Import pyarrow, or a part of it such as ".fs".

    Raises:
        MissingExtraError: It is not installed.
    """
    return import_extra(f"pyarrow{part}", "bulk translation", "ray")
