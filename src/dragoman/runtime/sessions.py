"""One graph of a bundle, opened by ONNX Runtime: its memory bounded, its errors sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnxruntime as ort

from dragoman.errors import BundleError
from dragoman.runtime.bundle import WEIGHTS, Bundle
from dragoman.runtime.memory import bounded, giving_back, memory_bound

_FATAL = 4


class Graph:
    """A graph that can be run, in several threads at once.

    Args:
        bundle: A checked one.
        name: Which of its graphs.
        threads: Threads of one operation.

    Raises:
        BundleError: ONNX Runtime cannot load it.
    """

    def __init__(self, bundle: Bundle, name: str, threads: int) -> None:
        self.path: Path = bundle.folder / name
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _FATAL
        # Threads that wait for work do not spin (decision 0006).
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Where the processor's 8-bit products would overflow, slower ones that do not.
        options.add_session_config_entry("session.x64quantprecision", "1")
        # From memory: a file that is mapped and then overwritten would bring the process down.
        weights = bundle.contents[WEIGHTS]
        options.add_external_initializers_from_files_in_memory([WEIGHTS], [weights], [len(weights)])
        bounded(options)
        self._giving_back = giving_back()
        try:
            graph = bundle.contents[name]
            self._session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime raises a dozen kinds, none of them exported.
            raise self._fault("load", error) from None

    @property
    def inputs(self) -> Sequence[Any]:
        """What it asks for."""
        return self._session.get_inputs()

    @property
    def outputs(self) -> Sequence[Any]:
        """What it can be asked for."""
        return self._session.get_outputs()

    def run(
        self, names: Sequence[str], feeds: Mapping[str, Any], *, first: bool = False
    ) -> list[Any]:
        """Compute outputs.

        Args:
            names: Of the outputs.
            feeds: The inputs.
            first: Whether it is a batch's first run, which gives back the memory that batches before it took.

        Raises:
            BundleError: It cannot be computed, or not in the memory that there is.
        """
        try:
            return list(self._session.run(names, feeds, self._giving_back if first else None))
        except Exception as error:
            raise self._fault("run", error) from None

    def _fault(self, what: str, error: Exception) -> BundleError:
        said = str(error).strip() or type(error).__name__
        reason = said.splitlines()[0]
        if "Available memory of" in said or "bad_alloc" in said or isinstance(error, MemoryError):
            most = memory_bound() >> 20
            reason = f"it asks for more than {most:,} MiB, half of this machine's memory"
        return BundleError(
            f"{self.path}: ONNX Runtime {ort.__version__} cannot {what} it ({reason})."
        )
