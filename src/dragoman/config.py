"""What a recipe may say: frozen models, one line of documentation a field; TOML in, resolved TOML out.

A name that stands for a row of a table (a cell, an attention, a tokenizer, ...) is a plain string here:
`dragoman.api` checks it against the table, where a plugin may have added rows.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dragoman.disk import fault_of
from dragoman.errors import ConfigError
from dragoman.overrides import overridden

Rate = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """One table of a recipe: frozen, and closed against unknown keys."""

    # Most are checked only as part of a whole recipe, whose first use builds what checks it.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class MixedConfig(Section):
    """One of several corpora that are mixed: a table ``[[data.mix]]``."""

    train: str | list[str]
    """A file of pairs, or two parallel files [source, target]."""
    weight: Annotated[float, Field(gt=0)] | None = None
    """Its share of the training, against the others' weights; by its size and data.temperature unless said."""


class DataConfig(Section):
    """Which pairs to learn from. Names are relative to ``--data``."""

    train: str | list[str] | None = None
    """A file of pairs, or two parallel files [source, target]; "phrasebook-en-fr" is what ships."""
    mix: list[MixedConfig] = Field(default_factory=list[MixedConfig])
    """Several corpora instead of one, each with its weight; they are streamed."""
    temperature: Annotated[float, Field(gt=0)] = 1.0
    """How mixed corpora without weights share the training: by size^(1/temperature); more brings them closer."""
    stream: Literal["auto", "always", "never"] = "auto"
    """Whether pairs are kept on disk as ids, in constant memory; "auto": beyond 16 MiB of text, where the model can."""
    dev: str | list[str] | None = None
    """Pairs to choose on; without it some are held out of train, by source sentence."""
    test: str | list[str] | None = None
    """Pairs scored once, at the end, and checked for leaks."""
    num_dev: Count = 1000
    """Pairs to hold out when there is no dev set (at most a tenth)."""
    encoding: str = "utf-8"
    """How the files are encoded; "cp949" for what Korean Windows wrote."""
    columns: list[str | int] | None = None
    """Names or 1-based numbers of the columns, in the task's order: source and target, or lemma, features, form."""
    src_sep: str | None = None
    """What stands between the source's tokens: " ", or "" where each character is one; the task's own unless said."""
    tgt_sep: str | None = None
    """What stands between the target's tokens."""
    max_length: Count = 200
    """Tokens beyond which a training pair is left out (and reported)."""
    max_src_length: Count | None = None
    """Tokens after which a source is cut, in training and in use (and reported); never unless said."""


class TextConfig(Section):
    """How text becomes tokens."""

    tokenizer: str = "bpe"
    """A row of TOKENIZERS: word, char, spaced, tagged, whole, bpe, unigram."""
    src_tokenizer: str | None = None
    """The source's, where the two sides differ."""
    tgt_tokenizer: str | None = None
    """The target's, where the two sides differ."""
    vocab_size: Annotated[int, Field(ge=8)] = 8000
    """Most tokens a side may have."""
    min_frequency: Count = 1
    """How often a token must occur to be kept."""
    shared: bool = False
    """One vocabulary for both sides."""
    lowercase: bool = False
    """Whether case is dropped."""
    final_stop: Literal["keep", "drop"] = "keep"
    """Whether a single full stop at the end is dropped."""
    hangul: Literal["syllables", "jamo"] = "syllables"
    """Whether Korean syllables are taken apart into their letters."""


class ModelConfig(Section):
    """The network: cell x bridge x attention x generator."""

    cell: str = "lstm"
    """A row of CELLS: rnn, gru, lstm; and those that are fast because no step holds a matrix: ssru, sru, mingru; and
    layer-normalised ones, which train slowly: lnlstm, lngru."""
    decoder_cell: str | None = None
    """The decoder's, where it is another: an LSTM reads well, an SSRU writes fast (Kim et al. 2019)."""
    transitions: Count = 1
    """Cells that a layer takes from one token to the next, all but the first without an input (deep transition, Miceli
    Barone et al. 2017); more than 1 trains slowly. Of rnn, gru and lstm; the others always take one."""
    embedding_size: Count = 256
    """Width of a token's vector."""
    hidden_size: Annotated[int, Field(ge=2)] = 512
    """Width of the recurrent state; a bidirectional encoder gives half to each direction."""
    encoder: str = "recurrent"
    """A row of ENCODERS: recurrent; gnmt (both directions in the first layer alone); alternating (two stacks, whose
    layers read in turns from either side)."""
    encoder_layers: Count = 1
    """Recurrent layers that read the source."""
    bidirectional: bool = True
    """Whether the encoder also reads from right to left."""
    residual: bool = False
    """Whether each layer but a stack's first adds what it reads to what it says (Wu et al. 2016, section 3.1)."""
    reverse_source: bool = False
    """Whether the source is read backwards (Sutskever et al. 2014)."""
    word_memory: bool = False
    """Whether attention also looks at what the source's words are by themselves (after Nguyen & Chiang 2018)."""
    decoder: str = "recurrent"
    """A row of DECODERS: recurrent; gnmt (attention from the bottom layer, read by those above); conditional (attention
    between two recurrences; slower); monotonic (hard attention that steps along the source); transducer (edits)."""
    decoder_layers: Count = 1
    """Recurrent layers that write the target."""
    bridge: str = "dense"
    """A row of BRIDGES: how the context vector becomes the decoder's first state."""
    context_every_step: bool = False
    """Whether the decoder also sees the context vector at every step (Cho et al. 2014)."""
    attention: str = "general"
    """A row of ATTENTIONS, or "none"."""
    attention_heads: Count = 1
    """Heads of the multi-head attentions."""
    attention_norm: str = "softmax"
    """A row of WEIGHINGS: softmax; entmax15 or sparsemax, which give most of the source no weight at all."""
    input_feeding: bool = False
    """Whether a step also sees the last attended output (Luong 2015); slower: no fused recurrence."""
    deep_output: bool = False
    """Whether the attended output also reads the last word (Sennrich et al. 2017, eq. 9)."""
    context_output: bool = False
    """Whether a tied generator also reads what attention found, past the attended output's tanh; with `word_memory` the
    words looked at can so be named at once (after Nguyen & Chiang 2018)."""
    coverage: bool = False
    """Whether attention sees where it has looked before (See et al. 2017, eq. 10-11); slower, as input feeding is."""
    head: str = "decoder"
    """What answers: the decoder, or a row of HEADS, which gives labels: crf, softmax; pool, last."""
    reader: str = "tokens"
    """A row of READERS: what a network that labels reads: tokens, or words, by their letters and pieces."""
    word_buckets: Count = 20_000
    """Rows of the table that words and their pieces share by hashing, where words are read."""
    context_words: Annotated[int, Field(ge=0)] = 0
    """Words to either side that are read with a source, where sources are words of a running text."""
    context_size: Annotated[int, Field(ge=2)] = 128
    """Width of what is made of them."""
    context_dropout: Rate = 0.2
    """How often one of them is known by its pieces alone."""
    generator: str = "softmax"
    """A row of GENERATORS: softmax; tied to the target embedding; or pointer, which also copies from the source."""
    copy_bias: float = 0.0
    """How far a pointer leans towards copying before it has learned; 2 begins with about 0.9."""
    tie_embeddings: bool = False
    """Whether source and target share one embedding (needs text.shared)."""
    dropout: Rate = 0.3
    """Variational dropout: one mask for all steps of a sentence (Gal & Ghahramani 2016)."""
    embedding_dropout: Rate | None = None
    """Dropout on the embeddings; as `dropout` unless said."""
    output_dropout: Rate | None = None
    """Dropout before the generator; as `dropout` unless said."""
    word_dropout: Rate = 0.0
    """How often a whole token's vector is dropped."""
    tgt_word_dropout: Rate | None = None
    """The same on the target's side; as `word_dropout` unless said."""
    weight_dropout: Rate = 0.0
    """How many weights between one state and the next are dropped, once a batch (Merity et al. 2018)."""
    zoneout: Rate = 0.0
    """How much of a state of rnn, gru or lstm stays as it was at a step (Krueger et al. 2017); trains slowly."""

    @property
    def writes_with(self) -> str:
        """The decoder's cell."""
        return self.decoder_cell or self.cell

    @property
    def memory_size(self) -> int:
        """Width of what is looked at: what the encoder says of a token, and perhaps the token's own vector."""
        return self.hidden_size + (self.embedding_size if self.word_memory else 0)

    @property
    def value_size(self) -> int:
        """Width of what is read of the context once it is mapped: by the decoder, and perhaps by a tied generator."""
        return self.hidden_size + (self.embedding_size if self.context_output else 0)

    @property
    def output_size(self) -> int:
        """Width of what a decoder gives the generator."""
        return self.hidden_size + (self.memory_size if self.context_output else 0)

    @property
    def cells(self) -> str:
        """Both cells, for people."""
        return self.cell if self.writes_with == self.cell else f"{self.cell} to {self.writes_with}"

    @property
    def labels(self) -> bool:
        """Whether it labels what it reads, and has no decoder."""
        return self.head != "decoder"


class TrainingConfig(Section):
    """How the network is taught."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    """Fixes every random choice."""
    batch_tokens: Count = 1000
    """Target tokens (padding included) in a batch."""
    accumulate: Count = 1
    """Batches whose gradients are summed before a step."""
    epochs: Annotated[float, Field(gt=0)] | None = 30
    """Passes over the data, where `steps` and `minutes` are not given."""
    steps: Annotated[int, Field(ge=0)] | None = None
    """Optimiser steps; wins over epochs."""
    minutes: Annotated[float, Field(gt=0)] | None = None
    """Wall clock to fill; wins over both. What it decided is frozen into resolved.toml."""
    optimiser: str = "adamw"
    """A row of OPTIMISERS."""
    learning_rate: Annotated[float, Field(gt=0)] = 0.002
    """The highest learning rate."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Decoupled weight decay."""
    schedule: str = "cosine"
    """A row of SCHEDULES: constant, cosine, linear, plateau."""
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.03
    """Share of the training in which the learning rate rises."""
    clip_norm: Annotated[float, Field(gt=0)] = 1.0
    """Largest gradient norm."""
    label_smoothing: Rate = 0.1
    """Probability spread evenly over the vocabulary."""
    guided_attention: Annotated[float, Field(ge=0)] = 0.0
    """Weight of what attention pays, in the first half of the training, for looking elsewhere than a lexicon says that
    is learned from the same pairs (guided alignment, Chen et al. 2016); it falls to 0."""
    lexical_start: bool = False
    """Whether the embeddings begin as that lexicon says, so that an untrained model translates word by word; needs
    model.word_memory and context_output."""
    coverage_weight: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the coverage loss: what looking twice at the same token costs (See et al. 2017, eq. 12-13)."""
    r_drop: Annotated[float, Field(ge=0)] = 0.0
    """Weight of what two passes of different dropout pay for disagreeing (R-Drop); a step takes twice the time."""
    scheduled_sampling: Rate = 0.0
    """Share of its own words that the decoder reads at the end of the training, rising from 0 (Bengio et al. 2015)."""
    risk_samples: Annotated[int, Field(ge=0)] = 0
    """Minimum-risk training in place of cross-entropy, with so many draws a source (Shen et al. 2016); 0 is off."""
    risk_score: str = "chrf"
    """What it follows, a row of SENTENCE_SCORES: chrf, bleu, or rouge for summaries."""
    bpe_dropout: Rate = 0.0
    """How often a BPE merge is left out in training (Provilkov et al. 2020); 0.1 is theirs."""
    unigram_alpha: Annotated[float, Field(ge=0)] | None = None
    """Draw unigram pieces by their probability to this power (Kudo 2018); 0.2 is his; the likeliest unless said."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """Decay a step of the averaged weights, which are what is saved; 0 switches averaging off."""
    average_best: Annotated[int, Field(ge=0)] = 0
    """Keep the weights of so many best validations in best/, and average them at the end; 0 keeps none."""
    validate_every: Count | None = None
    """Steps between validations; about twenty over the training unless said."""
    stop_metric: str = "chrf"
    """What decides, on dev, which weights are best: "loss", or a row of METRICS, such as chrf, bleu, accuracy, wer."""
    patience: Count | None = None
    """Validations without a better score after which training stops early."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Numbers of the products; "auto" takes bfloat16 where the processor multiplies it faster. Weights stay float32."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """"auto" takes a GPU when there is one."""
    threads: Count | None = None
    """CPU threads; all cores unless said."""
    progress: list[tuple[int, float, float]] | None = None
    """Frozen clock of a --minutes run: (step, share done, share a step) readings; written, not set."""
    validations: list[int] | None = None
    """Steps after which such a run validated; written, not set."""


class SearchConfig(Section):
    """How a trained model writes, unless the caller says otherwise."""

    beam_size: Count = 5
    """Hypotheses kept; 1 is greedy."""
    length_penalty: Annotated[float, Field(ge=0)] = 1.0
    """Exponent of the length by which a score is divided; 0 leaves it."""
    coverage_penalty: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the coverage penalty (Wu et al. 2016, eq. 14)."""
    max_length_ratio: Annotated[float, Field(gt=0)] = 2.0
    """Longest output for each source token, ..."""
    max_length_extra: Count = 20
    """... and how many tokens more."""
    min_length: Annotated[int, Field(ge=0)] = 0
    """Fewest tokens of an output."""
    no_repeat: Annotated[int, Field(ge=0)] = 0
    """Never say so many tokens in a row twice (Paulus et al. 2018); 0 allows it."""


class CalibrationConfig(Section):
    """How sure a model is of what it writes: fitted on dev, not set; see `dragoman.evaluation.confidence`."""

    temperature: Annotated[float, Field(gt=0)] = 1.0
    """Of the softmax, where probabilities are reported; what is written does not depend on it."""
    weights: Annotated[list[float], Field(min_length=3, max_length=3)]
    """Of 1, the mean and the least probability of the tokens, as log-odds: they give an output's confidence."""
    measure: str
    """What a confidence foretells: a row of METRICS."""
    num_outputs: Count
    """How many outputs it was fitted to."""


class Config(Section):
    """A whole recipe."""

    task: str = "translate"
    """A row of TASKS: translate, g2p, transliterate, inflect, normalise, ..."""
    description: str = ""
    """One line for people."""
    data: DataConfig = Field(default_factory=DataConfig)
    """Where the pairs are."""
    text: TextConfig = Field(default_factory=TextConfig)
    """How text becomes tokens."""
    model: ModelConfig = Field(default_factory=ModelConfig)
    """The network."""
    training: TrainingConfig = Field(default_factory=TrainingConfig)
    """How it is taught."""
    search: SearchConfig = Field(default_factory=SearchConfig)
    """How it writes."""
    calibration: CalibrationConfig | None = None
    """How sure the model is; written at the end of a training and by `dragoman calibrate`, not set."""
    result: dict[str, Any] = Field(default_factory=dict[str, Any])
    """What the recipe was measured at; read by `dragoman reproduce`, ignored by training."""
    made: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Versions and hashes of the data that a model was made with; written, not set."""


def load_config(path: Path, overrides: Iterable[str] = ()) -> Config:
    """Read a recipe and apply ``key=value`` overrides.

    Args:
        path: A TOML file.
        overrides: Such as ``model.cell=gru``; values are TOML, a bare word is a string.

    Raises:
        ConfigError: Every fault at once, each with its key.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if fault := fault_of(text):
            raise ConfigError(f"{path}: {fault}.")
        raw: dict[str, Any] = tomllib.loads(text)
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: no such recipe; see the recipes/ folder for examples."
        ) from None
    except IsADirectoryError:
        raise ConfigError(f"{path} is a folder; expected a recipe, a .toml file.") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}.") from None
    return build_config(raw, overrides, str(path))


def build_config(
    raw: Mapping[str, Any], overrides: Iterable[str] = (), where: str = "config"
) -> Config:
    """Make a Config of plain values, reporting all faults at once.

    Raises:
        ConfigError: Every fault, each with its key and, for an unknown key, its nearest neighbour.
    """
    try:
        return Config.model_validate(overridden(raw, overrides))
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(fault, where) for fault in error.errors())) from None


def dump_config(config: Config) -> str:
    """Write a Config as TOML, every value spelled out; unset optional values are left out."""
    import tomli_w

    return tomli_w.dumps(config.model_dump(mode="json", exclude_none=True))


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known name is meant, or list them all."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names)}."


def _explain(fault: Any, where: str) -> str:
    location = [str(part) for part in fault["loc"]]
    key = ".".join(location)
    if fault["type"] == "extra_forbidden":
        return f"{where}: unknown key {key}; {nearest(location[-1], _keys_beside(location))}"
    return f"{where}: {key} = {fault['input']!r}: {fault['msg'].lower()}."


def _keys_beside(location: list[str]) -> list[str]:
    section: type[BaseModel] = Config
    for name in location[:-1]:
        annotation = section.model_fields[name].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        section = annotation
    return list(section.model_fields)
