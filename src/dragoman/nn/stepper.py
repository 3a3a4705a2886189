"""The torch model as a `dragoman.search.Stepper`: numpy in and out, tensors in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dragoman.nn.model import Seq2Seq
from dragoman.nn.state import RecurrentState, State

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class TorchDistribution:
    """Log-probabilities that stay on their device until asked for: [rows, vocab]."""

    log_probs: Tensor

    def top(self, k: int) -> tuple[Floats, Ids]:
        """Return the k best log-probabilities and their tokens."""
        values, ids = self.log_probs.topk(min(k, self.log_probs.shape[1]), dim=1)
        return values.float().cpu().numpy(), ids.cpu().numpy()

    def gather(self, ids: Ids) -> Floats:
        """Return one token's log-probability a row."""
        wanted = torch.from_numpy(ids).to(self.log_probs.device)
        return self.log_probs.gather(1, wanted[:, None])[:, 0].float().cpu().numpy()

    def all(self) -> Floats:
        """Return everything."""
        return self.log_probs.float().cpu().numpy()

    def forbid(self, banned: Mapping[int, Sequence[int]] | Sequence[int]) -> TorchDistribution:
        """Give tokens -inf."""
        log_probs = self.log_probs.clone()
        if isinstance(banned, Mapping):
            for row, ids in banned.items():
                log_probs[row, list(ids)] = -torch.inf
        else:
            log_probs[:, list(banned)] = -torch.inf
        return TorchDistribution(log_probs)

    def only(self, allowed: Mapping[int, Sequence[int]]) -> TorchDistribution:
        """Give every token but the allowed ones -inf, in the rows named."""
        log_probs = self.log_probs.clone()
        for row, ids in allowed.items():
            log_probs[row] = -torch.inf
            log_probs[row, list(ids)] = self.log_probs[row, list(ids)]
        return TorchDistribution(log_probs)


@dataclass(frozen=True)
class TorchStep:
    """One step: what comes next, where it looked, and the state after it."""

    distribution: TorchDistribution
    weights: Floats | None
    state: State


class TorchStepper:
    """Run a trained model step by step, without gradients and dropout.

    Args:
        model: Put into evaluation mode.

    Attributes:
        copies: Whether it may say words of the source that its vocabulary lacks.
    """

    def __init__(self, model: Seq2Seq) -> None:
        self.model = model.eval()
        self.device = next(model.parameters()).device
        self.copies = model.generator.copies

    @torch.inference_mode()
    def start(self, src: Ids) -> State:
        """Read the sources."""
        return self.model.start(self._to_device(src))

    @torch.inference_mode()
    def step(self, last_ids: Ids, state: State) -> TorchStep:
        """Read one token a row."""
        stepped = self.model.step(self._to_device(last_ids), state)
        weights = None if stepped.weights is None else stepped.weights.float().cpu().numpy()
        return TorchStep(TorchDistribution(stepped.log_probs), weights, stepped.state)

    @torch.inference_mode()
    def select(self, state: State, rows: Ids) -> State:
        """Reorder, repeat or drop rows."""
        return state.select(self._to_device(rows))

    def look(self, state: State) -> tuple[Floats, Floats]:
        """Return the first row's memory, [src_len, memory], and its decoder's top hidden state, [hidden]."""
        hidden = state.recurrent.h[-1, 0]
        memory = state.encoded.memory[0, :, : len(hidden)]
        return memory.float().cpu().numpy(), hidden.float().cpu().numpy()

    def carried(self, state: State) -> Floats:
        """Return all that the first row carries: h of each layer, an LSTM's c, what else it reads: [width]."""
        recurrent = state.recurrent
        layers = [*recurrent.h[:, 0], *([] if recurrent.c is None else recurrent.c[:, 0])]
        more = [part[0] for part in (state.context, state.feed) if part is not None]
        return torch.cat([*layers, *more]).float().cpu().numpy()

    def parameters(self) -> Mapping[str, Floats]:
        """Return the weights by name."""
        return {
            name: weight.detach().float().cpu().numpy()
            for name, weight in self.model.named_parameters()
        }

    @torch.inference_mode()
    def hide(self, state: State, positions: Ids) -> State:
        """Keep attention from looking at some source tokens."""
        mask = state.encoded.src_mask.clone()
        mask[:, self._to_device(positions)] = False
        return replace(state, encoded=replace(state.encoded, src_mask=mask))

    @torch.inference_mode()
    def blend(self, state: State, other: State, share: float) -> State:
        """Mix another sentence's context vector into this one's; `share` is the other's."""

        def mix(mine: Tensor | None, theirs: Tensor | None) -> Tensor | None:
            return None if mine is None or theirs is None else torch.lerp(mine, theirs, share)

        own, foreign = state.recurrent, other.recurrent
        recurrent = RecurrentState(torch.lerp(own.h, foreign.h, share), mix(own.c, foreign.c))
        return replace(state, recurrent=recurrent, context=mix(state.context, other.context))

    def _to_device(self, array: Ids) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)
