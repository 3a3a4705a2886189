"""From a recipe to what the loop needs: corpora read, checked and split; tokenizers; examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from dragoman.config import Config, DataConfig
from dragoman.data.alignment import learn_aligner, with_edits, with_steps
from dragoman.data.batches import Deck, Example, ListDeck
from dragoman.data.corpus import Corpus, Pair, ReadOptions, split_by_source
from dragoman.data.lexicon import Lexicon
from dragoman.data.report import inspect_corpus
from dragoman.errors import ConfigError, DataError
from dragoman.nn.decoders import DECODERS
from dragoman.nn.generators import GENERATORS
from dragoman.tasks import TASKS
from dragoman.text.bulk import BulkEncoder
from dragoman.text.copying import Copying, Opened
from dragoman.text.neighbours import spans
from dragoman.text.normalise import Normaliser
from dragoman.text.tokenizers import Tokenizer, TokenizerOptions
from dragoman.text.vocabulary import INSERT_TOKEN, UNK
from dragoman.training.folder import Tokenizers
from dragoman.training.guided import learn_from
from dragoman.training.streaming import Place, StoreMaker, Stream, hash_pairs, open_stream

# Not the training's seed: models of other seeds share what is held out, and so their vocabulary; they can vote.
_SPLIT_SEED = 1
_SHIPPED = "phrasebook-"


@dataclass(frozen=True)
class Corpora:
    """What a recipe names, as text.

    Attributes:
        train: The pairs to learn from; of a stream, what was drawn from it.
        dev: Never empty.
        test: If there is one.
        stream: All the pairs, where they are more than `train` holds.
        split: Whether `dev` was held out of `train`.
    """

    train: Corpus
    dev: Corpus
    test: Corpus | None
    stream: Stream | None = None
    split: bool = False

    def hashes(self) -> dict[str, str]:
        """Return what another run can compare its data by; of a stream, the pairs drawn from it."""
        named = {"train": self.train, **self.held_out}
        return {name: hash_pairs(corpus.pairs) for name, corpus in named.items()}

    @property
    def held_out(self) -> dict[str, Corpus]:
        """The corpora that are not learned from."""
        return {"dev": self.dev} | ({"test": self.test} if self.test else {})


@dataclass(frozen=True)
class Prepared:
    """What the loop needs, and what a person should know about it.

    Attributes:
        report: What stands in the data, line by line.
        hashes: What a later run can compare its data by.
        lexicon: Learns the corpus's lexicon, when it is first asked for.
    """

    corpora: Corpora
    tokenizers: Tokenizers
    train: Deck
    dev: list[Example]
    report: list[str]
    hashes: dict[str, str]
    lexicon: Callable[[], Lexicon]


def read_corpora(config: Config, base: Path, pairs: Sequence[Pair] | None = None) -> Corpora:
    """Read what a recipe names; hold a dev set out where it names none.

    Args:
        config: The recipe.
        base: What names are relative to.
        pairs: The training pairs, if they are in memory already.

    Raises:
        DataError: A file is missing, wrongly encoded, misaligned or empty.
        ConfigError: The recipe names no data.
    """
    data, stream = config.data, None
    if pairs is not None:
        train = Corpus(list(pairs), list(range(1, len(pairs) + 1)), "pairs in memory", [])
        _check_pairs(pairs, config)
    elif (stream := open_stream(config, base, read_options(data))) is not None:
        train = stream.sample
    elif data.train is None:
        raise ConfigError("data.train is not set; name a file of pairs, or two parallel files.")
    else:
        train = _read(data.train, "train", base, config)
    if not train.pairs:
        raise DataError(
            f"{train.path}: holds no pairs; expected at least one source<TAB>target line."
        )
    shipped = isinstance(data.train, str) and data.train.startswith(_SHIPPED)
    dev_name = data.dev or (data.train if shipped and pairs is None else None)
    test = read_test(config, base)
    if dev_name:
        return Corpora(train, _read(dev_name, "dev", base, config), test, stream)
    task = TASKS[config.task]
    num_dev = min(data.num_dev, max(1, len(train.pairs) // 10))
    if config.model.context_words:
        return Corpora(*_end_apart(train, num_dev), test)
    kept, held_out = split_by_source(
        train.pairs, num_dev, _SPLIT_SEED, by_target=not (task.labels or task.each_line)
    )
    # The lines that pairs stood on are looked up again, so that the report can name them.
    places: dict[Pair, int] = {}
    for pair, line in zip(train.pairs, train.lines, strict=True):
        places.setdefault(pair, line)

    def part(chosen: list[Pair], problems: bool) -> Corpus:
        return Corpus(
            chosen,
            [places[pair] for pair in chosen],
            train.path,
            train.problems if problems else [],
        )

    return Corpora(part(kept, True), part(held_out, False), test, stream, split=True)


def _end_apart(corpus: Corpus, num_dev: int) -> tuple[Corpus, Corpus]:
    """Hold out the end of a running text: what stands together stays together."""
    cut = len(corpus.pairs) - num_dev
    kept = Corpus(corpus.pairs[:cut], corpus.lines[:cut], corpus.path, corpus.problems)
    return kept, Corpus(corpus.pairs[cut:], corpus.lines[cut:], corpus.path)


def read_test(config: Config, base: Path) -> Corpus | None:
    """Read a recipe's test set, if it names one or its corpus ships with one."""
    data = config.data
    shipped = isinstance(data.train, str) and data.train.startswith(_SHIPPED)
    name = data.test or (data.train if shipped else None)
    return _read(name, "test", base, config) if name else None


def prepare(
    config: Config,
    corpora: Corpora,
    tokenizers: Tokenizers | None = None,
    place: Place | None = None,
) -> Prepared:
    """Learn the tokenizers (unless given), look the data over, and turn it into ids.

    Args:
        config: The recipe.
        corpora: What it names.
        tokenizers: Of a training that is resumed.
        place: Where the ids of a stream are kept.

    Raises:
        DataError: Nothing is left to train on.
    """
    tokenizers = tokenizers or train_tokenizers(config, corpora.train.pairs)
    hashes = corpora.hashes()
    if corpora.stream is not None:
        assert place is not None
        dev, notes = _encode_one(config, tokenizers, corpora.dev, "dev")
        apart = corpora.dev if corpora.split else None
        maker = StoreMaker(config, corpora.stream, apart, corpora.held_out, tokenizers)
        rates = tuple(
            _unknown_rate(one, [pair[side] for pair in corpora.dev.pairs])
            for side, one in enumerate((tokenizers.src, tokenizers.tgt))
        )
        filled = maker.make(place, (rates[0], rates[1]))
        hashes |= {"train": filled.sha256}
        lexicon = _lexicon(config, filled.deck, tokenizers)
        report = [*filled.report, *notes]
        return Prepared(corpora, tokenizers, filled.deck, dev, report, hashes, lexicon)
    report = inspect_corpus(
        corpora.train,
        corpora.dev,
        corpora.test,
        unknown_rates=(
            lambda texts: _unknown_rate(tokenizers.src, texts),
            lambda texts: _unknown_rate(tokenizers.tgt, texts),
        ),
    )
    train, dev, notes = _encode_all(config, tokenizers, corpora)
    lines = [*report.lines(), *notes]
    deck = ListDeck(train)
    lexicon = _lexicon(config, deck, tokenizers)
    return Prepared(corpora, tokenizers, deck, dev, lines, hashes, lexicon)


def _lexicon(config: Config, deck: Deck, tokenizers: Tokenizers) -> Callable[[], Lexicon]:
    return cache(partial(learn_from, deck, tokenizers.tgt.vocab_size, config.training))


def _encode_one(
    config: Config, tokenizers: Tokenizers, corpus: Corpus, what: str
) -> tuple[list[Example], list[str]]:
    """Turn a corpus into ids, and say what was cut."""
    copies = GENERATORS[config.model.generator].copies
    longest, neighbours = config.data.max_src_length, config.model.context_words
    examples, num_cut = encode(tokenizers, corpus.pairs, copies=copies, most=longest)
    if neighbours:
        examples = _with_neighbours(examples, corpus.lines, neighbours)
    said = f"{num_cut:,} {what} sources cut at data.max_src_length = {longest} tokens."
    return examples, [said] if num_cut else []


def _encode_all(
    config: Config, tokenizers: Tokenizers, corpora: Corpora
) -> tuple[list[Example], list[Example], list[str]]:
    """Turn both sets into ids, leave what is too long out of training, and say so."""
    train, notes = _encode_one(config, tokenizers, corpora.train, "training")
    dev, more = _encode_one(config, tokenizers, corpora.dev, "dev")
    notes += more
    most = config.data.max_length
    actions = DECODERS[config.model.decoder].actions
    if actions:
        train, dev = _align((train, dev), tokenizers, edits=INSERT_TOKEN in actions)
    short = [
        one for one in train if one.src and one.tgt and max(len(one.src), len(one.tgt)) <= most
    ]
    if len(short) < len(train):
        notes.append(
            f"{len(train) - len(short)} pairs left out: empty or over data.max_length = {most} tokens on a side."
        )
    if not short:
        raise DataError(
            f"{corpora.train.path}: no pair is left; data.max_length = {most} tokens leaves all out."
        )
    return short, dev, notes


def train_tokenizers(config: Config, pairs: Sequence[Pair]) -> Tokenizers:
    """Learn a vocabulary for each side, or one for both."""
    text = config.text
    normaliser = Normaliser(text.lowercase, text.final_stop, text.hangul)

    actions = DECODERS[config.model.decoder].actions

    def options(kind: str | None) -> TokenizerOptions:
        return TokenizerOptions(
            kind or text.tokenizer, text.vocab_size, text.min_frequency, normaliser, actions
        )

    def tgt_options() -> TokenizerOptions:
        # Labels are names, which keep their case, and are all known.
        found = options(text.tgt_tokenizer)
        if config.model.labels:
            return replace(found, normaliser=Normaliser(), min_frequency=1)
        return found

    sources, targets = [pair.src for pair in pairs], [pair.tgt for pair in pairs]
    if text.shared:
        both = Tokenizer.train(sources + targets, options(None))
        return Tokenizers(both, both)
    return Tokenizers(
        Tokenizer.train(sources, options(text.src_tokenizer)),
        Tokenizer.train(targets, tgt_options()),
    )


def encode(
    tokenizers: Tokenizers,
    pairs: Sequence[Pair],
    *,
    copies: bool = False,
    most: int | None = None,
) -> tuple[list[Example], int]:
    """Turn pairs into ids.

    Args:
        tokenizers: Of both sides.
        pairs: As text.
        copies: Whether the model copies: unknown tokens of a source then have ids too, in its target as well.
        most: Tokens after which a source is cut.

    Returns:
        The pairs, and how many sources were cut.
    """
    texts, targets = [pair.src for pair in pairs], [pair.tgt for pair in pairs]
    if copies:
        copying = Copying(tokenizers.src, tokenizers.tgt)
        sources = [one.cut(most) for one in copying.open(texts)]
        answers = copying.encode_targets(targets, sources)
    else:
        sources = [Opened(ids).cut(most) for ids in BulkEncoder(tokenizers.src)(texts).lists()]
        answers = BulkEncoder(tokenizers.tgt)(targets).lists()
    examples = [
        Example(src.ids, tgt, src.unknown) for src, tgt in zip(sources, answers, strict=True)
    ]
    return examples, sum(one.num_cut > 0 for one in sources)


def _with_neighbours(examples: Sequence[Example], lines: Sequence[int], most: int) -> list[Example]:
    """Give each source those that stand beside it."""

    def joined(first: int, last: int) -> list[int]:
        return [number for one in examples[first:last] for number in one.src]

    return [
        replace(one, beside=(joined(first, n), joined(n + 1, last)))
        for n, (one, (first, last)) in enumerate(zip(examples, spans(lines, most), strict=True))
    ]


def _align(
    parts: tuple[list[Example], list[Example]], tokenizers: Tokenizers, *, edits: bool
) -> list[list[Example]]:
    """Write targets with steps, or as edits; tokens that no vocabulary has are all alike to the aligner."""
    sizes = tokenizers.src.vocab_size, tokenizers.tgt.vocab_size

    def known(one: Example) -> Example:
        src, tgt = (
            [number if number < size else UNK for number in ids]
            for ids, size in zip((one.src, one.tgt), sizes, strict=True)
        )
        return Example(src, tgt)

    aligner = learn_aligner([known(one) for one in parts[0]], *sizes)
    write = with_edits if edits else with_steps
    return [
        [
            write(one, places)
            for one, places in zip(
                part, aligner.align_all([known(one) for one in part]), strict=True
            )
        ]
        for part in parts
    ]


def _check_pairs(pairs: Sequence[Pair], config: Config) -> None:
    """Refuse pairs that the task cannot learn from; a file's reader has put such aside."""
    fault = TASKS[config.task].fault
    for number, pair in enumerate(pairs, 1):
        what = fault(pair) if fault else ""
        if what:
            raise DataError(f"pair {number} {what}: {pair.src[:80]!r}.")


def _read(name: str | list[str], split: str, base: Path, config: Config) -> Corpus:
    data, read = config.data, TASKS[config.task].read
    if isinstance(name, str) and name.startswith(_SHIPPED):
        return _shipped(name, split)
    options = read_options(data)
    if isinstance(name, str):
        return read(base / name, options)
    if len(name) != 2:
        raise ConfigError(
            f"data.{split} names {len(name)} files; expected one, or two parallel ones."
        )
    return read((base / name[0], base / name[1]), options)


def read_options(data: DataConfig) -> ReadOptions:
    """Say how a recipe's files are read."""
    columns = tuple(data.columns) if data.columns else None
    return ReadOptions(data.encoding, columns, data.src_sep, data.tgt_sep)


def _shipped(name: str, split: str) -> Corpus:
    from dragoman.data import phrasebook

    src, _, tgt = name.removeprefix(_SHIPPED).partition("-")
    if split not in ("train", "dev", "test"):
        raise ValueError(split)
    pairs = [Pair(*pair) for pair in phrasebook.pairs(src, tgt, split)]
    return Corpus(pairs, list(range(1, len(pairs) + 1)), f"{name} ({split})", [])


def _unknown_rate(tokenizer: Tokenizer, texts: Sequence[str]) -> float:
    ids = tokenizer.encode_batch(texts)
    return sum(row.count(UNK) for row in ids) / max(1, sum(map(len, ids)))
