"""Run the notebooks as readers would, top to bottom and side by side, and stop at the first error.

python docs/run_notebooks.py                  # as they are written
python docs/run_notebooks.py --minutes 0.2    # each network learns for so long: does every cell still run?
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import nbclient
import nbformat


def run(path: Path, minutes: float | None) -> str:
    began = time.monotonic()
    notebook = nbformat.read(path, as_version=4)
    if minutes is not None:
        shorten(notebook, minutes)
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        nbclient.NotebookClient(
            notebook, timeout=300, kernel_name="python3", resources=resources
        ).execute()
    return f"{path.name}: ran in {time.monotonic() - began:.0f} s"


def shorten(notebook: nbformat.NotebookNode, minutes: float) -> None:
    """Give another value to the line that says how long networks learn."""
    found = 0
    for cell in notebook.cells:
        cell.source, times = re.subn(
            r"^MINUTES = [\d.]+", f"MINUTES = {minutes}", cell.source, flags=re.MULTILINE
        )
        found += times
    assert found == 1, "no line MINUTES = ..."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, metavar="N", help="for each network")
    asked = parser.parse_args()
    notebooks = sorted(Path(__file__).parent.glob("*.ipynb"))
    with ProcessPoolExecutor(2) as pool:
        for said in pool.map(partial(run, minutes=asked.minutes), notebooks):
            print(said, flush=True)


if __name__ == "__main__":
    main()
