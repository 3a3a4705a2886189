"""``dragoman accelerate``: the kernel, compiled for this machine."""

from __future__ import annotations

from typing import Annotated

import typer


def accelerate(
    remove: Annotated[
        bool, typer.Option("--remove", help="Take it away again; bundles run on ONNX Runtime.")
    ] = False,
) -> None:
    """Compile the kernel for int8 bundles with this machine's C compiler; they then translate faster.

    It stands in the user's cache folder, serves every int8 bundle whose network is a plain LSTM, and is not needed:
    without it, or with DRAGOMAN_NATIVE=0, bundles run on ONNX Runtime.
    """
    from dragoman.runtime.native.library import compile_kernel, compiled

    if remove:
        compiled().unlink(missing_ok=True)
        typer.echo(f"{compiled()}: removed")
        return
    typer.echo(f"{compile_kernel()}: compiled; int8 bundles use it from now on")
