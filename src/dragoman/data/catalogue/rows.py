"""The rows of the catalogue: one a corpus, or a function for a family of language pairs.

A pair stands in one direction, English first where there is English: to go the other way, read the
columns of the TSV as 2, 1.
"""

from dataclasses import dataclass
from functools import partial

from dragoman.data.catalogue.checksums import remote
from dragoman.data.catalogue.debian import read_debian
from dragoman.data.catalogue.download import RemoteFile
from dragoman.data.catalogue.readers import (
    Reader,
    read_anki_zip,
    read_moses_tar,
    read_moses_zip,
    read_phrasebook,
    read_text_gz,
    read_tsv_gz,
)


@dataclass(frozen=True)
class Source:
    """A public corpus: what it is, where it is, and how it is read.

    Attributes:
        name: To get it by.
        description: One line.
        languages: Source and target, as its publisher names them.
        licence: What its publisher says of using it, not legal advice.
        home: The page to read before using it.
        files: What is fetched; none where it is generated, or apt fetches.
        reader: Makes pairs of them.
        vouched: What stands for the content where there are no files.
        task: The task that it is for; it is written in that task's file format.
    """

    name: str
    description: str
    languages: tuple[str, str]
    licence: str
    home: str
    files: tuple[RemoteFile, ...]
    reader: Reader
    vouched: str = ""
    task: str = "translate"

    @property
    def checksum(self) -> str:
        """What vouches for the files, in words for the person who fetches them."""
        if not self.files:
            return self.vouched
        publishers = {file.digest_from for file in self.files if file.digest}
        if all(file.digest for file in self.files):
            return f"published by {', '.join(sorted(publishers))}"
        return "none published: recorded on first download"

    @property
    def num_bytes(self) -> int | None:
        """The size of the download, where it is known beforehand."""
        sizes = [file.num_bytes for file in self.files]
        known = [size for size in sizes if size is not None]
        return sum(known) if known and len(known) == len(sizes) else None


@dataclass(frozen=True)
class _About:
    """What the rows of a family share; the description takes the two languages."""

    description: str
    licence: str
    home: str


def _opus(prefix: str, release: str, pairs: str, about: _About) -> list[Source]:
    """Make the rows of an OPUS corpus, whose zips are named by the languages in order."""
    return [
        Source(
            name=f"{prefix}-{src}-{tgt}",
            description=about.description,
            languages=(src, tgt),
            licence=about.licence,
            home=about.home,
            files=(
                remote(
                    f"https://object.pouta.csc.fi/OPUS-{release}/moses/"
                    f"{'-'.join(sorted((src, tgt)))}.txt.zip"
                ),
            ),
            reader=partial(read_moses_zip, src=src, tgt=tgt),
        )
        for src, tgt in _split(pairs)
    ]


def _split(pairs: str) -> list[tuple[str, str]]:
    return [(src, tgt) for src, _, tgt in (pair.partition("-") for pair in pairs.split())]


def _tables(prefix: str, address: str, pairs: str, about: _About) -> list[Source]:
    """Make rows of gzipped tables, whose columns are in the order of the address.

    Args:
        prefix: Of their names.
        address: With `{pair}` to be filled in.
        pairs: As the addresses have them; where English is second, the row puts it first.
        about: What they share.
    """
    rows: list[Source] = []
    for first, second in _split(pairs):
        swapped = second == "en"
        src, tgt = (second, first) if swapped else (first, second)
        rows.append(
            Source(
                name=f"{prefix}-{src}-{tgt}",
                description=about.description,
                languages=(src, tgt),
                licence=about.licence,
                home=about.home,
                files=(remote(address.format(pair=f"{first}-{second}")),),
                reader=partial(read_tsv_gz, columns=(1, 0) if swapped else (0, 1)),
            )
        )
    return rows


def _phrasebook(src: str, tgt: str) -> Source:
    return Source(
        name=f"phrasebook-{src}-{tgt}",
        description="Everyday sentences from a lexicon and a grammar; generated, no network",
        languages=(src, tgt),
        licence="CC0-1.0: written for Dragoman, public domain",
        home="https://github.com/dragoman-nlp/dragoman/tree/main/docs",
        files=(),
        reader=partial(read_phrasebook, src=src, tgt=tgt),
        vouched="not needed: generated here",
    )


def _debian(language: str) -> Source:
    return Source(
        name=f"debian-descriptions-{language}",
        description="Package descriptions of the Debian or Ubuntu release that this machine's apt "
        "knows; fetched by apt, into a folder of its own",
        languages=("en", language),
        licence="No one licence: an English description belongs to its package (see the package's "
        "debian/copyright), a translation to the DDTP's translators; read up before republishing",
        home="https://www.debian.org/international/l10n/ddtp",
        files=(),
        reader=partial(read_debian, language=language),
        vouched="signed by the archive, checked by apt",
    )


def _anki(code: str, language: str) -> Source:
    return Source(
        name=f"anki-en-{language}",
        description="Short everyday sentences of Tatoeba, chosen by manythings.org; renewed often",
        languages=("en", language),
        licence="CC BY 2.0 FR: name the authors, who stand in the third column of the raw file",
        home="https://www.manythings.org/anki/",
        files=(remote(f"https://www.manythings.org/anki/{code}-eng.zip"),),
        reader=read_anki_zip,
    )


def _multi30k(language: str) -> Source:
    raw = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw"
    splits = ("train", "val", "test_2016_flickr")
    return Source(
        name=f"multi30k-en-{language}",
        description="Captions of photographs, 29,000 pairs, with the dev and test that papers use",
        languages=("en", language),
        licence="None stated; made from Flickr30k, which is for non-commercial research and "
        "teaching",
        home="https://github.com/multi30k/dataset",
        files=tuple(
            remote(f"{raw}/{split}.{code}.gz") for split in splits for code in ("en", language)
        ),
        reader=read_text_gz,
    )


def _commoncrawl(language: str) -> Source:
    stem = f"commoncrawl.{language}-en"
    return Source(
        name=f"commoncrawl-en-{language}",
        description="Web pages paired by machine (WMT 2013), noisy; one archive for all languages",
        languages=("en", language),
        licence="Released by WMT for research; the pages are their authors'",
        home="https://www.statmt.org/wmt13/translation-task.html",
        files=(remote("https://www.statmt.org/wmt13/training-parallel-commoncrawl.tgz"),),
        reader=partial(read_moses_tar, names=(f"{stem}.en", f"{stem}.{language}")),
    )


_TATOEBA = _About(
    "Everyday sentences by volunteers: Tatoeba as of 2023-04-12, by OPUS",
    "CC BY 2.0 FR: name Tatoeba and its authors",
    "https://opus.nlpl.eu/Tatoeba/corpus/version/Tatoeba",
)
_BOOKS = _About(
    "Novels out of copyright, aligned by Andras Farkas, by OPUS",
    "For personal, educational and research use; not for sale or mass redistribution",
    "https://opus.nlpl.eu/Books/corpus/version/Books",
)
_OPEN_SUBTITLES = _About(
    "Film subtitles, 2018, by OPUS: very large, colloquial, noisy",
    "None stated; OPUS asks for a link to https://www.opensubtitles.org in what you publish",
    "https://opus.nlpl.eu/OpenSubtitles/corpus/version/OpenSubtitles",
)
_TED = _About(
    "TED talks up to 2020, transcribed and translated by volunteers, by OPUS",
    "TED's talks are CC BY-NC-ND 4.0; see TED's usage policy",
    "https://opus.nlpl.eu/TED2020/corpus/version/TED2020",
)
_EUROPARL_OPUS = _About(
    "Proceedings of the European Parliament, v8, by OPUS",
    "Its publisher says that he knows of no copyright restrictions; cite Koehn (2005)",
    "https://opus.nlpl.eu/Europarl/corpus/version/Europarl",
)
_EUROPARL = _About(
    "Proceedings of the European Parliament, v10 (WMT)",
    _EUROPARL_OPUS.licence,
    "https://www.statmt.org/europarl/",
)
_NEWS = _About(
    "News commentaries of Project Syndicate (WMT)",
    "Released by WMT for research; the articles are Project Syndicate's",
    "https://data.statmt.org/news-commentary/",
)
_NEWS_ADDRESS = (
    "https://data.statmt.org/news-commentary/{0}/training/news-commentary-{0}.{{pair}}.tsv.gz"
)

_DEBIAN = "cs da de es fr it ja ko pl pt pt_BR ru sk uk zh_CN"
_ANKI = {
    "deu": "de",
    "fra": "fr",
    "ita": "it",
    "jpn": "ja",
    "kor": "ko",
    "nld": "nl",
    "por": "pt",
    "rus": "ru",
    "spa": "es",
}

ROWS: list[Source] = [
    *(_phrasebook(src, tgt) for src, tgt in _split("en-fr en-ko fr-ko")),
    *(_debian(language) for language in _DEBIAN.split()),
    *_opus(
        "tatoeba",
        "Tatoeba/v2023-04-12",
        "en-de en-es en-fr en-it en-ja en-ko en-nl en-pt en-ru en-tr",
        _TATOEBA,
    ),
    *(_anki(code, language) for code, language in _ANKI.items()),
    *(_multi30k(language) for language in ("cs", "de", "fr")),
    *_opus("books", "Books/v1", "en-de en-es en-fr en-it en-nl es-fr", _BOOKS),
    *_opus("ted2020", "TED2020/v1", "en-de en-es en-fr en-it en-ja en-ko fr-ko", _TED),
    *_opus("opensubtitles", "OpenSubtitles/v2018", "en-de en-es en-fr en-ko", _OPEN_SUBTITLES),
    *_opus("europarl-v8", "Europarl/v8", "en-de en-es en-fr en-it", _EUROPARL_OPUS),
    *_tables(
        "europarl-v10",
        "https://www.statmt.org/europarl/v10/training/europarl-v10.{pair}.tsv.gz",
        "cs-en de-en es-en fr-en it-en pl-en pt-en",
        _EUROPARL,
    ),
    *_tables(
        "news-commentary-v14", _NEWS_ADDRESS.format("v14"), "cs-en de-en de-fr en-ru en-zh", _NEWS
    ),
    *_tables("news-commentary-v16", _NEWS_ADDRESS.format("v16"), "de-en en-es en-fr", _NEWS),
    *_tables("news-commentary-v18", _NEWS_ADDRESS.format("v18"), "cs-de de-en en-zh", _NEWS),
    *(_commoncrawl(language) for language in ("cs", "de", "es", "fr", "ru")),
]
