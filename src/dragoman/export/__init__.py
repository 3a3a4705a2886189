"""A trained torch model -> a bundle: a folder that runs without torch (see `dragoman.runtime`)."""

from __future__ import annotations

from dragoman.export.bundle import ExportOptions, write_bundle

__all__ = ["ExportOptions", "write_bundle"]
