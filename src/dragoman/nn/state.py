"""What goes from part to part: `RecurrentState`, `Encoded`, and `State`, what a decoder carries."""

from __future__ import annotations

from dataclasses import dataclass, replace

from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True)
class RecurrentState:
    """The hidden state of a stack of cells: `h`, and for an LSTM the cell state `c`."""

    h: Float[Tensor, "layers rows hidden"]
    c: Float[Tensor, "layers rows hidden"] | None = None

    def select(self, rows: Int[Tensor, " chosen"]) -> RecurrentState:
        """Reorder, repeat or drop rows."""
        return RecurrentState(self.h[:, rows], None if self.c is None else self.c[:, rows])


@dataclass(frozen=True)
class Copies:
    """What copying a batch's source tokens would say.

    Attributes:
        ids: Target ids; those past the vocabulary's are the sources' own words (`dragoman.text.copying`).
        width: Number of ids that there are in this batch.
    """

    ids: Int[Tensor, "batch src_len"]
    width: int

    def select(self, rows: Int[Tensor, " chosen"]) -> Copies:
        """Reorder, repeat or drop sentences."""
        return Copies(self.ids[rows], self.width)


@dataclass(frozen=True)
class Encoded:
    """What the encoder made of a batch of sentences.

    `final` is the last hidden state after the whole sentence: the context vector.
    """

    memory: Float[Tensor, "batch src_len memory"]
    src_mask: Bool[Tensor, "batch src_len"]
    final: RecurrentState
    copies: Copies | None = None

    def select(self, rows: Int[Tensor, " chosen"]) -> Encoded:
        """Reorder, repeat or drop sentences."""
        copies = None if self.copies is None else self.copies.select(rows)
        return Encoded(self.memory[rows], self.src_mask[rows], self.final.select(rows), copies)


@dataclass(frozen=True)
class State:
    """All that a decoder carries from step to step. A value: a step makes a new one.

    The rows are hypotheses: the first `beams` belong to the first sentence, the next to the second, and so
    on. What belongs to a sentence (`encoded`, `keys`) is kept once, however many beams look at it.

    Attributes:
        encoded: The encoder's output, a row a sentence.
        keys: The attention's projection of the memory, computed once a sentence; None without attention.
        recurrent: The cells' state, a row a hypothesis.
        context: The context vector, where the decoder sees it at every step, a row a hypothesis.
        feed: The last attended output, where it is fed back (input feeding), a row a hypothesis.
        beams: Hypotheses a sentence.
        masks: While training, what is dropped between the layers at every step, a row a hypothesis.
        position: The source token that a hard monotonic decoder looks at, a row a hypothesis.
        coverage: How much it has looked at each source token so far, a row a hypothesis.
    """

    encoded: Encoded
    keys: Float[Tensor, "batch src_len keys"] | None
    recurrent: RecurrentState
    context: Float[Tensor, "rows hidden"] | None = None
    feed: Float[Tensor, "rows hidden"] | None = None
    beams: int = 1
    masks: Float[Tensor, "between rows widest"] | None = None
    position: Int[Tensor, "rows ..."] | None = None
    coverage: Float[Tensor, "rows src_len"] | None = None

    @property
    def num_rows(self) -> int:
        """How many hypotheses there are."""
        return self.recurrent.h.shape[1]

    def select(self, rows: Int[Tensor, " chosen"]) -> State:
        """Reorder, repeat or drop hypotheses; sentences without any leave the memory too.

        Where every sentence keeps equally many hypotheses, side by side, the memory of a sentence stays one
        copy. Otherwise each row gets its own.
        """
        moved = replace(
            self,
            recurrent=self.recurrent.select(rows),
            context=None if self.context is None else self.context[rows],
            feed=None if self.feed is None else self.feed[rows],
            masks=None if self.masks is None else self.masks[:, rows],
            position=None if self.position is None else self.position[rows],
            coverage=None if self.coverage is None else self.coverage[rows],
        )
        sentences = rows // self.beams
        kept, counts = sentences.unique_consecutive(return_counts=True)
        beams = int(counts[0]) if len(counts) else 1
        if not bool((counts == beams).all()):
            kept, beams = sentences, 1
        if len(kept) == len(self.encoded.memory) and bool((kept.diff() == 1).all()):
            return replace(moved, beams=beams)
        keys = None if self.keys is None else self.keys[kept]
        return replace(moved, encoded=self.encoded.select(kept), keys=keys, beams=beams)
