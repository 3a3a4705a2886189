"""Package descriptions: the parser, the join, and an apt that is kept to its folder."""

import gzip
import os
import shutil
from pathlib import Path

import pytest

from dragoman.data.catalogue import debian, get
from dragoman.data.catalogue.download import digest_of
from dragoman.errors import DataError

ENGLISH = """\
Package: cat
Description-md5: 1
Description-en: small cat
 The cat is a small
 animal.
 .
 It can:
  * purr
  * sleep
 .
 See the cat's
 own page.

Package: dog
Description-md5: 2
Description-en: DOG
 A dog.

Package: cow
Description-md5: 3
Description-en: cow
 One.
 .
 Two.
"""
FRENCH = """\
Package: cat
Description-md5: 1
Description-fr: petit chat
 Le chat est
 un petit animal.
 .
 Il sait :
  * ronronner
 .
 Voyez sa propre page.

Package: dog
Description-md5: 2
Description-fr: DOG
 Un chien.

Package: cow
Description-md5: 3
Description-fr: vache
 Un et deux.

Package: gone
Description-md5: 4
Description-fr: parti
"""
FRENCH_PAIRS = [
    ("small cat", "petit chat"),
    ("The cat is a small animal.", "Le chat est un petit animal."),
    ("It can:", "Il sait :"),
    ("See the cat's own page.", "Voyez sa propre page."),
    ("A dog.", "Un chien."),
    ("cow", "vache"),
]
FAKE_APT = """\
#!/bin/sh
set -eu
[ "$2 $4" = "-c update" ]
echo "W: some warning" >&2
echo "E: no such host" >&2
[ -z "${FAKE_APT_FAILS-}" ]
lists="$(dirname "$3")/state/lists"
cp "$FAKE_APT_LISTS"/* "$lists"
"""


@pytest.fixture
def translations(tmp_path):
    folder = tmp_path / "translations"
    folder.mkdir()
    (folder / "host_main_i18n_Translation-en").write_text(ENGLISH)
    (folder / "host_main_i18n_Translation-fr.gz").write_bytes(gzip.compress(FRENCH.encode()))
    return folder


class TestDebian:
    def test_stanzas_are_joined(self, translations):
        english, french = (
            debian.read_translations([path]) for path in sorted(translations.iterdir())
        )
        assert list(debian.join_descriptions(english, french, "fr")) == FRENCH_PAIRS

    def test_wrapping_is_undone_as_each_script_needs(self):
        assert debian.join_lines(["敵の戦", "車を Foo", "で"], "ja") == "敵の戦車を Foo で"
        assert debian.join_lines(["메모리, 스", "왑"], "ko") is None
        assert debian.join_lines(["있습니다.", "그리고"], "ko") == "있습니다. 그리고"

    @pytest.mark.parametrize(
        ("src", "tgt", "language"),
        [
            ("same words", "Same: words", "fr"),
            ("a", "", "fr"),
            ("a text", "<trans>", "fr"),
            ("a text", "un \ufffd", "fr"),
            ("a small text", "a small text file", "ko"),
            ("a rather long source text", "oui", "fr"),
            ("This is a half translated text", "This is a half translated texte", "fr"),
        ],
    )
    def test_what_is_no_translation(self, src, tgt, language):
        assert not debian.is_translation((src, tgt), language)

    def test_damaged_lists_are_told(self, tmp_path):
        path = tmp_path / "a_Translation-fr.gz"
        path.write_bytes(b"no gzip")
        with pytest.raises(DataError, match=r"Translation-fr\.gz cannot be read"):
            debian.read_translations([path])

    def test_apt_is_kept_to_its_folder(self, tmp_path):
        command = debian.apt_command(tmp_path, "pt_BR")
        assert command[:3] == ["apt-get", "-q", "-c"]
        assert command[4:] == ["update"]
        conf = Path(command[3]).read_text()
        for line in (
            f'Dir::State "{tmp_path}/state/";',
            f'Dir::State::lists "{tmp_path}/state/lists/";',
            f'Dir::Cache "{tmp_path}/cache/";',
            'Acquire::Languages { "en"; "pt_BR"; };',
            "#clear APT::Update::Post-Invoke;",
        ):
            assert line in conf.splitlines()
        with pytest.raises(DataError, match="without quotes or braces"):
            debian.apt_command(tmp_path / '"', "fr")

    def test_with_a_stand_in_for_apt(self, translations, tmp_path, monkeypatch):
        stand_in = tmp_path / "bin" / "apt-get"
        stand_in.parent.mkdir()
        stand_in.write_text(FAKE_APT)
        stand_in.chmod(0o755)
        monkeypatch.setenv("PATH", f"{stand_in.parent}:{os.environ['PATH']}")
        monkeypatch.setenv("FAKE_APT_LISTS", str(translations))
        paths = get("debian-descriptions-fr", tmp_path / "out")
        found = [line.split("\t") for path in paths for line in path.read_text().splitlines()]
        assert sorted(found) == sorted(list(pair) for pair in FRENCH_PAIRS)
        with pytest.raises(DataError, match="offer no package descriptions in 'de'"):
            get("debian-descriptions-de", tmp_path / "de")
        monkeypatch.setenv("FAKE_APT_FAILS", "yes")
        with pytest.raises(DataError, match="no descriptions: E: no such host"):
            get("debian-descriptions-de", tmp_path / "de")

    def test_without_apt(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(DataError, match="which this machine does not have"):
            get("debian-descriptions-fr", tmp_path / "out")

    @pytest.mark.skipif(shutil.which("apt-get") is None, reason="no apt on this machine")
    def test_with_apt_itself_and_an_archive_on_disk(self, translations, tmp_path, monkeypatch):
        archive = tmp_path / "archive"
        i18n = archive / "dists" / "stable" / "main" / "i18n"
        i18n.mkdir(parents=True)
        (i18n / "Translation-en").write_text(ENGLISH)
        (i18n / "Translation-fr").write_text(FRENCH)
        sums = [
            f" {digest_of(path)[7:]} {path.stat().st_size} main/i18n/{path.name}"
            for path in sorted(i18n.iterdir())
        ]
        release = ["Suite: stable", "Codename: stable", "Components: main", "SHA256:", *sums, ""]
        (archive / "dists" / "stable" / "Release").write_text("\n".join(release))
        (tmp_path / "sources.list").write_text(f"deb [trusted=yes] file:{archive} stable main\n")
        conf = tmp_path / "machine.conf"
        conf.write_text(
            f'Dir::Etc::sourcelist "{tmp_path}/sources.list";\nDir::Etc::sourceparts "/dev/null";\n'
        )
        monkeypatch.setenv("APT_CONFIG", str(conf))
        before = apt_state()
        paths = get("debian-descriptions-fr", tmp_path / "out")
        assert sum(len(path.read_text().splitlines()) for path in paths) == len(FRENCH_PAIRS)
        assert apt_state() == before
        assert not list((tmp_path / "out").glob(".*"))


def apt_state() -> list[tuple[str, float, int]]:
    folders = (Path("/var/lib/apt"), Path("/var/cache/apt"))
    paths = [path for folder in folders for path in (folder, *folder.rglob("*"))]
    return sorted((str(p), p.stat().st_mtime, p.stat().st_size) for p in paths if p.exists())
