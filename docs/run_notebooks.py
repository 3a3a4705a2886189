"""Run the notebooks as readers would, top to bottom and side by side, and stop at the first error.

python docs/run_notebooks.py
"""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import nbclient
import nbformat


def run(path: Path) -> str:
    began = time.monotonic()
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        nbclient.NotebookClient(
            notebook, timeout=300, kernel_name="python3", resources=resources
        ).execute()
    return f"{path.name}: ran in {time.monotonic() - began:.0f} s"


def main() -> None:
    notebooks = sorted(Path(__file__).parent.glob("*.ipynb"))
    with ProcessPoolExecutor(2) as pool:
        for said in pool.map(run, notebooks):
            print(said, flush=True)


if __name__ == "__main__":
    main()
