"""What a sentence becomes: its text, and how the model came to it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dragoman.search.stepper import Floats


@dataclass(frozen=True)
class Translation:
    """A sentence's translation, and how the model came to it.

    Attributes:
        source: What was given.
        text: What the model made of it.
        score: What it was ranked by: the log-probability, length-normalised.
        log_prob: The log-probability of the whole output, in nats.
        src_tokens: The source as the encoder saw it, "<eos>" last.
        tokens: The output's tokens, "<eos>" last unless the length limit cut it off.
        probabilities: Each token's probability.
        attention: Where each step looked, [tokens, src_tokens]; None if the model has no attention.
        alternatives: The next best outputs, best first.
        num_cut: Source tokens that were not read, because there are more than the model was taught to read.
        confidence: How right the output is likely to be, from 0 to 1; None unless it was asked for.
        token_confidences: Each token's calibrated probability, where confidence was asked for.
        abstained: Whether `text` is empty because the confidence is too small.
    """

    source: str
    text: str
    score: float
    log_prob: float
    src_tokens: tuple[str, ...]
    tokens: tuple[str, ...]
    probabilities: tuple[float, ...]
    attention: Floats | None = field(default=None, repr=False, compare=False)
    alternatives: tuple[Translation, ...] = ()
    num_cut: int = 0
    confidence: float | None = None
    token_confidences: tuple[float, ...] = ()
    abstained: bool = False

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """Give everything as JSON can hold it."""
        return {
            "source": self.source,
            "text": self.text,
            "score": self.score,
            "log_prob": self.log_prob,
            "src_tokens": list(self.src_tokens),
            "tokens": list(self.tokens),
            "probabilities": list(self.probabilities),
            "attention": None if self.attention is None else np.round(self.attention, 4).tolist(),
            "num_cut": self.num_cut,
            **self._sureness(),
            "alternatives": [
                {"text": other.text, "score": other.score, "log_prob": other.log_prob}
                for other in self.alternatives
            ],
        }

    def with_confidence(
        self, confidence: float, tokens: tuple[float, ...], least: float | None = None
    ) -> Translation:
        """Add how sure the model is, and take the text back where that is less than `least`."""
        sure = replace(self, confidence=confidence, token_confidences=tokens)
        if least is None or confidence >= least:
            return sure
        return replace(sure, text="", alternatives=(), abstained=True)

    def _sureness(self) -> dict[str, Any]:
        if self.confidence is None:
            return {}
        return {
            "confidence": self.confidence,
            "token_confidences": list(self.token_confidences),
            "abstained": self.abstained,
        }

    def _repr_html_(self) -> str:
        """Draw itself in a notebook: the words shaded by probability, and the attention as a table."""
        import html

        words = " ".join(
            f'<span title="{probability:.3f}" style="background:rgba(66,133,244,{0.08 + 0.5 * probability:.2f});'
            f'padding:0 .25em;border-radius:.2em">{html.escape(token)}</span>'
            for token, probability in zip(self.tokens, self.probabilities, strict=True)
        )
        lines = [
            f"<p>{html.escape(self.source)} → <b>{html.escape(self.text)}</b></p>",
            f"<p>{words}</p>",
        ]
        if self.attention is not None:
            head = "".join(f"<th>{html.escape(token)}</th>" for token in self.src_tokens)
            rows = "".join(
                f"<tr><th>{html.escape(token)}</th>"
                + "".join(
                    f'<td style="background:rgba(66,133,244,{weight:.2f})">{weight:.2f}</td>'
                    for weight in row
                )
                + "</tr>"
                for token, row in zip(self.tokens, self.attention.tolist(), strict=True)
            )
            lines.append(f"<table><tr><th></th>{head}</tr>{rows}</table>")
        return "".join(lines)
