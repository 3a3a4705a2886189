"""The package descriptions of Debian and Ubuntu, as a parallel corpus.

Volunteers of the Debian Description Translation Project (DDTP) translate what each package says
about itself; ``apt`` fetches the result as ``Translation-<language>`` files, whose stanzas carry
the md5 of the English text that they translate. Here ``apt-get update`` runs with a state and a
cache of its own, so that the machine's are neither read nor written, and stanzas are joined on
that md5.
"""

import lzma
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dragoman.data.catalogue.readers import Pair
from dragoman.data.files import unpack
from dragoman.errors import DataError

_TIMEOUT_S = 900.0

# Read after the machine's own configuration, whose sources, keys and proxies stay in force, and
# whose hooks, further indexes and hushed languages do not. A `#clear` is apt's, not a comment.
_APT_CONF = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::Languages;
#clear Acquire::IndexTargets;
Acquire::IndexTargets::deb::Translations {{
  MetaKey "$(COMPONENT)/i18n/Translation-$(LANGUAGE)";
  flatMetaKey "$(LANGUAGE)";
  ShortDescription "Translation-$(LANGUAGE)";
  Description "$(RELEASE)/$(COMPONENT) Translation-$(LANGUAGE)";
  flatDescription "$(RELEASE) Translation-$(LANGUAGE)";
}};
{targets}Acquire::Languages {{ "en"; "{language}"; }};
Acquire::GzipIndexes "false";
Dir::State "{folder}/state/";
Dir::State::lists "{folder}/state/lists/";
Dir::Cache "{folder}/cache/";
Dir::Log "{folder}/log/";
"""


# What else can be fetched: which package comes from which source.
PACKAGES = """\
Acquire::IndexTargets::deb::Packages {
  MetaKey "$(COMPONENT)/binary-$(ARCHITECTURE)/Packages";
  flatMetaKey "Packages";
  ShortDescription "Packages";
  Description "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Packages";
  flatDescription "$(RELEASE) Packages";
};
"""


@dataclass
class Description:
    """What a package says about itself, in one language.

    Attributes:
        synopsis: The one line.
        blocks: The long text: its paragraphs, and its lists and tables, which apt calls verbatim.
    """

    synopsis: str
    blocks: list["Block"] = field(default_factory=list["Block"])


@dataclass
class Block:
    """A paragraph as it was wrapped, or a list that keeps its lines."""

    verbatim: bool
    lines: list[str]


def read_debian(work: Path, files: list[Path], language: str) -> dict[str, Iterable[Pair]]:
    """Fetch the descriptions in English and another language, and join them.

    Args:
        work: An empty folder to keep apt's state in.
        files: None: apt does the fetching.
        language: As Debian names it: `fr`, `pt_BR`.

    Raises:
        DataError: If there is no apt, it cannot fetch, or has no such language.
    """
    del files
    lists = update_lists(work, language)
    english = read_translations(lists_of(lists, "en"))
    foreign = read_translations(lists_of(lists, language))
    pairs = list(join_descriptions(english, foreign, language))
    if not pairs:
        raise DataError(
            f"apt's sources on this machine offer no package descriptions in {language!r}; "
            "enable a Debian or Ubuntu archive among them"
        )
    return {"train": pairs}


def apt_command(folder: Path, language: str, targets: str = "") -> list[str]:
    """Lay out a private folder for apt, and give the command that fills it.

    Args:
        folder: Where apt's state, cache and log go.
        language: To be fetched beside English.
        targets: What else, in apt's words.

    Raises:
        DataError: If the folder has a name that apt's configuration cannot hold.
    """
    folder = folder.resolve()
    if re.search(r'["\n{};]', str(folder)):
        raise DataError(f"apt cannot work in {folder}: choose a folder without quotes or braces")
    for part in ("state/lists/partial", "cache/archives/partial", "log"):
        (folder / part).mkdir(parents=True)
    conf = folder / "apt.conf"
    conf.write_text(
        _APT_CONF.format(folder=folder, language=language, targets=targets), encoding="utf-8"
    )
    return ["apt-get", "-q", "-c", str(conf), "update"]


def update_lists(work: Path, language: str, targets: str = "") -> Path:
    """Run `apt-get update` in a folder of its own, and give the folder of its lists."""
    if shutil.which("apt-get") is None:
        raise DataError(
            "the package descriptions come through apt-get, which this machine does not have; "
            "run this on Debian or Ubuntu (a container will do), or get another corpus"
        )
    command = apt_command(work, language, targets)
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataError(f"apt-get update did not come to an end: {error}") from error
    lists = work.resolve() / "state" / "lists"
    # Its exit status says less: one broken source among several is enough to spoil that.
    if not lists_of(lists, "en"):
        faults = sorted(line for line in done.stderr.splitlines() if line[:2] in ("E:", "W:"))
        raise DataError(
            "apt-get update fetched no descriptions: "
            f"{faults[0] if faults else 'its sources have none'}; check the network and "
            "/etc/apt/sources.list, then try again"
        )
    return lists


def lists_of(lists: Path, language: str) -> list[Path]:
    """Give the lists of a language, as apt has named them."""
    quoted = language.replace("_", "%5f")  # as apt quotes file names
    pattern = re.compile(rf".*_Translation-{quoted}(\.gz|\.xz|\.bz2)?")
    return sorted(path for path in lists.iterdir() if pattern.fullmatch(path.name))


def read_translations(paths: Iterable[Path]) -> dict[str, Description]:
    """Read `Translation-*` files into descriptions by the md5 of the English text.

    Raises:
        DataError: If one is unreadable or damaged.
    """
    descriptions: dict[str, Description] = {}
    for path in paths:
        for md5, description in _stanzas(read_list(path)):
            descriptions.setdefault(md5, description)
    return descriptions


def read_list(path: Path) -> list[str]:
    """Read one of apt's lists, compressed or not.

    Raises:
        DataError: If it is unreadable or damaged.
    """
    try:
        content = unpack(path, path.read_bytes())
    except (OSError, EOFError, ValueError, lzma.LZMAError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    return content.decode("utf-8", "replace").split("\n")


def _stanzas(lines: Iterable[str]) -> Iterator[tuple[str, Description]]:
    md5 = ""
    description: Description | None = None
    new_block = True
    for line in (*lines, ""):
        if not line:
            if md5 and description is not None:
                yield md5, description
            md5, description = "", None
        elif line.startswith("Description-md5:"):
            md5 = line.partition(":")[2].strip()
        elif line.startswith("Description-"):
            description, new_block = Description(line.partition(":")[2].strip()), True
        elif line.startswith(" ") and description is not None:
            if line.strip() == ".":
                new_block = True
                continue
            # Policy 5.6.13 has two spaces for verbatim; many write a list with one.
            verbatim = line.startswith("  ") or line[1:3] in ("* ", "- ", "+ ", "o ", "• ", "・ ")
            if new_block or description.blocks[-1].verbatim != verbatim:
                description.blocks.append(Block(verbatim, []))
                new_block = False
            description.blocks[-1].lines.append(line.strip())


def join_descriptions(
    english: dict[str, Description], foreign: dict[str, Description], language: str
) -> Iterator[Pair]:
    """Pair synopsis with synopsis, and paragraph with paragraph where both have as many.

    Args:
        english: By md5.
        foreign: Their translations, under the same md5.
        language: Of the translations.

    Yields:
        English and its translation: each pair once, without copies and half-translated text.
    """
    seen: set[Pair] = set()
    for md5, description in english.items():
        if md5 not in foreign:
            continue
        for pair in _candidates(description, foreign[md5], language):
            if pair not in seen and is_translation(pair, language):
                seen.add(pair)
                yield pair


def _candidates(english: Description, foreign: Description, language: str) -> Iterator[Pair]:
    yield english.synopsis, foreign.synopsis
    if [block.verbatim for block in english.blocks] != [b.verbatim for b in foreign.blocks]:
        return
    for ours, theirs in zip(english.blocks, foreign.blocks, strict=True):
        if not ours.verbatim:
            joined = join_lines(theirs.lines, language)
            if joined is not None:
                yield " ".join(ours.lines), joined


def join_lines(lines: list[str], language: str) -> str | None:
    """Undo the wrapping of a paragraph.

    Japanese and Chinese have no spaces to put back. Korean has, but was wrapped inside words too,
    so that a break that is not at punctuation could be either.

    Returns:
        The paragraph, or None where the original cannot be known.
    """
    joined = lines[0]
    for line in lines[1:]:
        if language == "ko" and joined[-1] not in ".,:;!?":
            return None
        wide = language[:2] in ("ja", "zh") and not (joined[-1].isascii() or line[0].isascii())
        joined += line if wide else f" {line}"
    return joined


_OWN_SCRIPTS = {
    "ja": re.compile("[぀-ヿ一-鿿]"),
    "ko": re.compile("[가-힣]"),
    "ru": re.compile("[Ѐ-ӿ]"),
    "uk": re.compile("[Ѐ-ӿ]"),
    "zh": re.compile("[一-鿿]"),
}
_WORD = re.compile(r"\w+")


def is_translation(pair: Pair, language: str) -> bool:
    """Tell a translation from a copy, a fragment or a half-translated text."""
    src, tgt = pair
    if not src or not tgt or "�" in src + tgt or "<trans>" in tgt:
        return False
    script = _OWN_SCRIPTS.get(language[:2])
    if script and not script.search(tgt):
        return False
    if max(len(src), len(tgt)) > 20 and not 0.2 < len(tgt) / len(src) < 5:
        return False
    ours, theirs = _WORD.findall(src.lower()), _WORD.findall(tgt.lower())
    kept = set(ours)
    num_kept = sum(word in kept for word in theirs)
    return bool(theirs) and ours != theirs and (len(theirs) < 5 or num_kept < 0.6 * len(theirs))
