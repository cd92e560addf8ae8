"""Serve a tiny model with random weights at the default endpoint, until Ctrl-C: `make rehearsal`."""

import sys
from pathlib import Path

from endpoint.served import served_model
from tiny_dinov2 import save_tiny_dinov2

_PORT = 8000  # where the settings expect the endpoint


def main() -> None:
    """Write the tiny models to the folder that is named, and serve."""
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    save_tiny_dinov2(folder / "dinov2")
    with served_model(folder, port=_PORT) as served:
        print(f"{served.model} answers at {served.endpoint}; Ctrl-C ends it", flush=True)  # noqa: T201
        try:
            served.process.wait()
        except KeyboardInterrupt:
            print()  # noqa: T201


if __name__ == "__main__":
    main()
