"""Run the notebooks as a reader would, top to bottom, and stop at the first error.

python docs/run_notebooks.py
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import nbclient
import nbformat


def main() -> None:
    for path in sorted(Path(__file__).parent.glob("*.ipynb")):
        began = time.monotonic()
        notebook = nbformat.read(path, as_version=4)
        with tempfile.TemporaryDirectory() as folder:
            resources = {"metadata": {"path": folder}}
            nbclient.NotebookClient(
                notebook, timeout=300, kernel_name="python3", resources=resources
            ).execute()
        print(f"{path.name}: ran in {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
