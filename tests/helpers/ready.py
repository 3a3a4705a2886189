"""A `dragoman` that answers at once: each call is a fork of one process that has imported everything already.

Pages are run as their readers run them, line by line in a shell: some eighty calls, each of which would import torch
for four seconds. Tests of what a start imports, and of processes that are killed, start the real one.
"""

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What the commands import when they run.
MODULES = (
    *("dragoman.defaults", "dragoman.export", "dragoman.inspection.plots", "dragoman.loading"),
    *("dragoman.training.session", "matplotlib.backends.backend_agg", "matplotlib.figure"),
    *("rich.console", "rich.progress", "rouge_score.rouge_scorer", "sacrebleu", "tomli_w"),
    *("torch.utils.tensorboard", "zstandard"),
)
CALLER = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect({address!r})
    socket.send_fds(line, [b"."], [0, 1, 2])
    line.sendall(json.dumps([os.getcwd(), dict(os.environ), sys.argv[1:]]).encode())
    line.shutdown(socket.SHUT_WR)
    sys.exit(ord(line.recv(1) or b"\\xff"))
"""


@contextmanager
def ready(folder: Path) -> Iterator[Path]:
    """Put a program `dragoman` into a folder; it works while the context lasts.

    Args:
        folder: An empty folder, of a short name: a socket's is at most a hundred bytes.

    Yields:
        The program.
    """
    address, program = folder / "line", folder / "dragoman"
    program.write_text(CALLER.format(python=sys.executable, address=str(address)), "utf-8")
    program.chmod(0o755)
    command = [sys.executable, __file__, str(address)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, **pipes) as server:
        assert server.stdout.readline() == b"ready\n"
        yield program
        server.stdin.close()  # It ends when nobody holds the other end, however that came about.


def serve(address: str) -> None:
    """Fork for each call, until standard input ends."""
    calls = 0
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(address)
        door.listen()
        print("ready", flush=True)
        while door in select.select([door, sys.stdin], [], [])[0]:
            line, _ = door.accept()
            if not os.fork():
                door.close()
                answer(line)
            line.close()
            calls += 1
    for _ in range(calls):
        os.wait()


def answer(line: socket.socket) -> None:
    """Be the process that the caller wanted."""
    from dragoman.cli.main import main

    _, streams, _, _ = socket.recv_fds(line, 1, 3)
    folder, environment, words = json.loads(b"".join(iter(lambda: line.recv(65536), b"")))
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # A stream remembers whether its file could be sought in; these are other files.
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, mode) for n, mode in enumerate("rww"))
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = words
    status = main()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    line.sendall(bytes([status]))
    os._exit(status)


if __name__ == "__main__":
    import importlib

    for module in MODULES:
        importlib.import_module(module)
    serve(sys.argv[1])
    os._exit(0)
