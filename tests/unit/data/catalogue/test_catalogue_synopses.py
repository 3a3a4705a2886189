"""Debian's descriptions and their synopses, split by source."""

from dragoman.data.catalogue.debian import Block, Description
from dragoman.data.catalogue.splits import split_of
from dragoman.data.catalogue.synopses import read_sources, split_synopses

LONG = "a text of ten words that says what it does"
LIST = """\
Package: libfoo1
Source: foo (1.2)
Version: 1.2
Description-md5: m1

Package: bar
Description-md5: m2
Depends: libfoo1
 baz

Package: no-description

Package: other
Description-md5: m1
"""


def described(synopsis: str, text: str, verbatim: bool = False) -> Description:
    return Description(synopsis, [Block(verbatim, text.split(", "))])


def test_sources_by_description():
    assert read_sources(LIST.split("\n")) == {"m1": "foo", "m2": "bar"}


def test_siblings_share_a_split():
    sources = {f"m{number}": f"source-{number // 3}" for number in range(600)}
    descriptions = {md5: described(f"what {md5} does", f"{LONG} {md5}") for md5 in sources}
    splits = split_synopses(descriptions, sources)
    assert sum(map(len, splits.values())) == 600
    assert all(splits.values())
    for name, pairs in splits.items():
        for text, synopsis in pairs:
            md5 = text.rsplit(" ", 1)[1]
            assert synopsis == f"what {md5} does"
            assert split_of(sources[md5], 20) == name


def test_one_text_stands_in_one_split_with_all_its_lines():
    sources = {f"m{number}": f"source-{number}" for number in range(60)}
    descriptions = {md5: described(f"line {md5}", LONG) for md5 in sources}
    (pairs,) = filter(None, split_synopses(descriptions, sources).values())
    assert {text for text, _ in pairs} == {LONG}
    assert len({line for _, line in pairs}) == 60


def test_what_is_no_summary_is_left_out():
    descriptions = {
        "short": described("two words", "too short"),
        "one": described("word", LONG),
        "list": described("a list alone", LONG, verbatim=True),
        "unknown": described("no source known", LONG),
    }
    sources = dict.fromkeys(("short", "one", "list"), "source")
    assert not any(split_synopses(descriptions, sources).values())
