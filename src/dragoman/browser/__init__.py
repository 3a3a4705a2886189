"""A bundle -> a folder that runs it in a browser, offline, on onnxruntime-web."""

from __future__ import annotations

from dragoman.browser.folder import WebFolder, copy_bundle, write_web

__all__ = ["WebFolder", "copy_bundle", "write_web"]
