"""OpenNMT-py's own training command, which on SIGTERM finishes its step, saves and ends.

Run by `opennmt.py` with the peer's interpreter. Nothing of the training itself is changed: the
stream of batches ends when the signal has come, and the peer's loop then saves as at any end.
"""

import signal

from onmt.bin.train import main
from onmt.trainer import Trainer


def stop_on_sigterm() -> None:
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    batches_of = Trainer._accum_batches

    def until_stopped(self, iterator):
        for batches in batches_of(self, iterator):
            # The first step is always taken: the loop has nothing to save before it.
            yield batches
            if stopping:
                return

    Trainer._accum_batches = until_stopped


if __name__ == "__main__":
    stop_on_sigterm()
    main()
