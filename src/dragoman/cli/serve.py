"""``dragoman serve``: models behind an API and a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dragoman.cli.guard import say
from dragoman.errors import ConfigError

Models = Annotated[
    list[str],
    typer.Argument(
        metavar="MODEL",
        help="Bundles or model folders; BUNDLE@en-fr says which languages, if its name does not.",
    ),
]
Host = Annotated[str, typer.Option(metavar="HOST", help="The address to listen at.")]
Port = Annotated[
    int, typer.Option(metavar="PORT", min=0, max=65535, help="The port; 0 for a free one.")
]
KeyFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Keys, one a line; KEY 60 may ask 60 times a minute."),
]
MaxConcurrency = Annotated[
    int, typer.Option(metavar="N", min=1, help="Requests worked on at once; more get a 429.")
]
Timeout = Annotated[
    float,
    typer.Option(metavar="SECONDS", min=0.1, help="After how long a request is given up."),
]
NoLab = Annotated[bool, typer.Option("--no-lab", help="Leave out the page's teaching parts.")]
Checks = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Sentences that a model must pass before use: SOURCE, or SOURCE<TAB>OUTPUT, a line.",
    ),
]
Examples = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Sentences that the page offers and its map is made of."),
]
Origin = Annotated[
    list[str] | None,
    typer.Option(metavar="URL", help="Another site whose pages may ask; may be repeated."),
]
LogText = Annotated[
    bool,
    typer.Option("--log-text", help="Log what is translated; it is not, unless asked for."),
]


def serve(
    models: Models,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    api_key_file: KeyFile = None,
    max_concurrency: MaxConcurrency = 256,
    timeout: Timeout = 30.0,
    no_lab: NoLab = False,
    checks: Checks = None,
    examples: Examples = None,
    origin: Origin = None,
    log_text: LogText = False,
) -> None:
    """Serve models: a page at /, the API at /v1 (described at /openapi.json), LibreTranslate's at /translate.

    SIGHUP reads the models anew and switches once they pass their checks; SIGUSR1 switches back; SIGTERM finishes what
    was accepted and stops.
    """
    try:
        from dragoman.server.run import serve as run
    except ImportError as error:
        from dragoman.errors import MissingExtraError

        raise MissingExtraError(
            f"serving needs {error.name}, which is not installed: pip install 'dragoman[serve]'"
        ) from None
    from dragoman.loading import load
    from dragoman.server.options import ServeOptions, read_keys
    from dragoman.server.registry import Registry, Spec, read_checks

    options = ServeOptions(
        max_concurrency=max_concurrency,
        timeout_s=timeout,
        lab=not no_lab,
        keys=[] if api_key_file is None else read_keys(api_key_file),
        origins=origin or [],
        log_text=log_text,
    )
    registry = Registry(
        [Spec.parse(one) for one in models],
        load,
        [] if checks is None else read_checks(checks),
        [] if examples is None else [one.source for one in read_checks(examples)],
    )
    _check_port(host, port)
    for one in registry.served:
        say(f"{one.name} ({'-'.join(one.languages)}, {one.id}): {one.model.describe()}")
    say(f"http://{host}:{port}")
    run(registry, options, host, port)


def _check_port(host: str, port: int) -> None:
    """Say in a sentence that a port is taken, before anything else starts."""
    import socket

    if not port:
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"{host}:{port}: cannot be listened at ({error.strerror}); choose another --port."
            ) from None
