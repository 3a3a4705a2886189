"""The phrasebook: its size, its split, and its grammar over the whole corpus."""

import hashlib
import re
import subprocess
import sys
from collections import Counter
from functools import lru_cache
from pathlib import Path

import pytest

from dragoman.data import phrasebook
from dragoman.data.phrasebook import english, french
from dragoman.data.phrasebook.holdout import fold, groups, tokens
from dragoman.data.phrasebook.korean import Ko, attach, eu, infinitive
from dragoman.data.phrasebook.patterns import FIXED, PATTERNS
from dragoman.errors import DataError

LANGUAGE_PAIRS = [("en", "fr"), ("en", "ko"), ("fr", "ko")]
VOWELS = "aeiouàâäéèêëîïôöùûüœ"


@lru_cache
def text(column: int) -> str:
    """The whole corpus in one language, a sentence a line."""
    return "\n".join(entry[column] for entry in phrasebook.entries())


def strings(column: int, *parts: str) -> set[str]:
    language, other = phrasebook.LANGUAGES[column], phrasebook.LANGUAGES[column - 1]
    return {fold(s) for part in parts for s, _ in phrasebook.pairs(language, other, part)}


def test_the_same_seed_gives_the_same_corpus_in_another_process():
    code = (
        "import hashlib; from dragoman.data import phrasebook as p;"
        "print(hashlib.sha256(repr(p.entries()).encode()).hexdigest())"
    )
    path = str(Path(phrasebook.__file__).parents[3])
    elsewhere = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": path, "PYTHONHASHSEED": "12345"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    assert elsewhere == hashlib.sha256(repr(phrasebook.entries()).encode()).hexdigest()


def test_another_seed_gives_another_corpus():
    assert set(phrasebook.entries(2)) != set(phrasebook.entries())


@pytest.mark.parametrize(("src", "tgt"), LANGUAGE_PAIRS)
def test_thirty_thousand_pairs_in_each_direction(src, tgt):
    for pair in ((src, tgt), (tgt, src)):
        found = [row for part in ("train", "dev", "test") for row in phrasebook.pairs(*pair, part)]
        assert len(found) == len(set(found)) >= 30_000


def test_dev_and_test_have_about_five_hundred_sentences():
    for part in ("dev", "test"):
        assert 450 <= len(phrasebook.pairs("en", "fr", part)) <= 550


def test_every_english_sentence_has_one_translation():
    assert len({entry.en for entry in phrasebook.entries()}) == len(phrasebook.entries())


def test_no_pattern_drowns_the_others():
    assert max(share for _, share in PATTERNS.values()) <= 0.06 * sum(
        s for _, s in PATTERNS.values()
    )


@pytest.mark.parametrize("column", range(3))
def test_held_out_sentences_are_not_in_training(column):
    held_out = strings(column, "dev", "test")
    assert held_out
    assert not held_out & strings(column, "train")
    assert not strings(column, "dev") & strings(column, "test")


@pytest.mark.parametrize("column", range(3))
def test_held_out_words_occur_several_times_in_training(column):
    language, other = phrasebook.LANGUAGES[column], phrasebook.LANGUAGES[column - 1]
    counts = Counter(
        word for text, _ in phrasebook.pairs(language, other, "train") for word in tokens(text)
    )
    for part in ("dev", "test"):
        for text, _ in phrasebook.pairs(language, other, part):
            assert all(counts[word] >= 3 for word in tokens(text)), text


def test_groups_join_entries_that_share_a_sentence_in_a_chain():
    entry = phrasebook.Entry
    rows = [
        entry("A.", "x", "1"),
        entry("B.", "x!", "2"),
        entry("C.", "y", "2"),
        entry("D", "z", "3"),
    ]
    assert sorted(map(sorted, groups(rows))) == [[0, 1, 2], [3]]


def test_the_student_is_in_training():
    train = phrasebook.pairs("en", "fr", "train")
    assert ("I am a student.", "Je suis étudiant.") in train
    assert ("I am a student.", "저는 학생이에요.") in phrasebook.pairs("en", "ko", "train")


def test_fixed_sentences_are_in_training():
    assert set(phrasebook.pairs("en", "ko", "train")) >= {(e.en, e.ko) for e in FIXED}


@pytest.mark.parametrize("pair", [("en", "de"), ("xx", "fr"), ("fr", "fr")])
def test_an_impossible_pair_is_refused(pair):
    with pytest.raises(DataError, match="language"):
        phrasebook.pairs(*pair, "train")


def test_write_makes_three_files_of_pairs(tmp_path):
    phrasebook.write(tmp_path / "new", "fr", "ko")
    for part in ("train", "dev", "test"):
        lines = (tmp_path / "new" / f"{part}.tsv").read_text(encoding="utf-8").splitlines()
        assert [tuple(line.split("\t")) for line in lines] == phrasebook.pairs("fr", "ko", part)


def test_sentences_are_tidy():
    for entry in phrasebook.entries():
        for text in entry:
            assert text == text.strip()
            assert "  " not in text
            assert not re.search(r"[{}|/_]|\.\.", text), text
            assert text[-1] in ".?!"
        assert entry.en[0].isupper()
        assert entry.fr[0].isupper()
        assert entry.en[-1] == entry.fr[-1] == entry.ko[-1]
        assert re.fullmatch(r".*(?: [?!]|\w\.)", entry.fr), entry.fr


@pytest.mark.parametrize(
    "wrong",
    [
        rf"(?<![\w'-])(?:je|ne|de|le|la|me|te|se|que) (?!onze)[{VOWELS}]",
        r"(?<![\w'-])(?:je|de|le|la|ne) h(?!uit|aut)",
        r"\b(?:de|à) les?\b",
        r"\bsi ils?\b",
        rf"\b(?:ma|ta|sa) [{VOWELS}]",
        rf"(?<!-)\bce [{VOWELS}]",
        r"\bpas (?:un|une|des|du) (?!peu)",
        r"\b(?:tu|je|il|elle|nous|vous|ils) n' ",
        r"'h?[bcdfgjklmnpqrstvwxz]",
    ],
)
def test_french_has_no(wrong):
    found = re.search(wrong, text(1).lower())
    assert found is None, text(1)[found.start() - 30 : found.end() + 30]


def test_english_articles_suit_the_sound_that_follows():
    assert not re.findall(r"\b[Aa] (?:[aeiou](?!niv)|hour|honest)\w*", text(0))
    assert not re.findall(r"\b[Aa]n (?:[^aeiouh]|univ|hotel|house|hospital)\w*", text(0))
    assert not re.findall(
        r"(?<!and )\b(?:[Hh]e|[Ss]he|[Ii]t|Marie|Paul|Minsu) (?:don't|haven't|aren't)\b", text(0)
    )


def closed(syllable: str) -> int:
    return (ord(syllable) - ord("가")) % 28


def test_korean_particles_suit_the_syllable_before():
    for word in set(re.findall(r"[가-힣]+[을를과와]", text(2))) - {"사과", "가을", "치과"}:
        assert bool(closed(word[-2])) == (word[-1] in "을과"), word
    for before, particle in re.findall(
        r"([가-힣])(은|는|이|가) (?:아니|없|있|되|필요|아프|어디)", text(2)
    ):
        assert bool(closed(before)) == (particle in "은이"), before + particle
    for subject in ("저", "그", "그녀", "우리", "씨", "친구", "이모"):
        assert f"{subject}은 " not in text(2)
    for subject in ("선생님", "삼촌", "남동생", "아들", "딸", "남편"):
        assert not re.search(rf"{subject}[는가를와] ", text(2))


def test_korean_copula_suits_the_noun_before():
    for before, ending in re.findall(r"([가-힣])(이에요|예요)", text(2)):
        assert (ending == "이에요") == bool(closed(before)) or before == "이", before + ending


@pytest.mark.parametrize(
    ("stem", "present"),
    [
        ("마시", "마셔"),
        ("먹", "먹어"),
        ("가", "가"),
        ("오", "와"),
        ("배우", "배워"),
        ("춥", "추워"),
        ("돕", "도와"),
        ("입", "입어"),
        ("듣", "들어"),
        ("닫", "닫아"),
        ("빠르", "빨라"),
        ("부르", "불러"),
        ("바쁘", "바빠"),
        ("크", "커"),
        ("하", "해"),
        ("하얗", "하얘"),
        ("빨갛", "빨개"),
        ("보내", "보내"),
        ("되", "돼"),
        ("낫", "나아"),
    ],
)
def test_korean_infinitive(stem, present):
    assert infinitive(stem) == present


@pytest.mark.parametrize(
    ("stem", "ending", "form"),
    [
        ("살", "ㄹ", "살"),
        ("살", "시", "사시"),
        ("살", "면", "살면"),
        ("먹", "면", "먹으면"),
        ("춥", "ㄴ", "추운"),
        ("듣", "러", "들으러"),
        ("가", "ㄹ", "갈"),
        ("빨갛", "ㄴ", "빨간"),
    ],
)
def test_korean_linking_vowel(stem, ending, form):
    assert eu(stem, ending) == form


def test_korean_sentence_endings():
    assert Ko("학생", "이").finish() == "학생이에요"
    assert Ko("의사", "이").finish(style="formal") == "의사입니다"
    assert Ko("의사", "이").negated().finish() == "의사가 아니에요"
    assert Ko("커피를", "마시").finish(honorific=True) == "커피를 드세요"
    assert Ko("집에", "있", exists=True).finish(honorific=True) == "집에 계세요"
    assert Ko("파리에서", "살").finish(style="asking") == "파리에서 삽니까"
    assert Ko("커피를", "마시").finish("future", honorific=True) == "커피를 드실 거예요"
    assert Ko("집에", "가").finish("future", style="formal") == "집에 갈 겁니다"
    assert attach("서울", "으로") == "서울로"


@pytest.mark.parametrize(
    ("infinitive_", "person", "tense", "form"),
    [
        ("manger", 3, "present", "mangeons"),
        ("acheter", 0, "present", "achète"),
        ("acheter", 3, "present", "achetons"),
        ("préférer", 5, "present", "préfèrent"),
        ("finir", 3, "present", "finissons"),
        ("attendre", 2, "present", "attend"),
        ("ouvrir", 2, "present", "ouvre"),
        ("envoyer", 0, "future", "enverrai"),
        ("être", 2, "imperfect", "était"),
    ],
)
def test_french_conjugation(infinitive_, person, tense, form):
    assert french.finite(infinitive_, person, tense) == form


def test_french_agreement_and_elision():
    clause = french.clause("elle", 2, "se lever", "past", feminine=True, negation="pas")
    assert clause == "elle ne se est pas levée"
    assert french.tidy(clause) == "Elle ne s'est pas levée"
    assert french.tidy("je ai vu le hôtel de le ami de Anna") == "J'ai vu l'hôtel de l'ami d'Anna"
    assert french.tidy("à huit heures, je vais à le onze") == "À huit heures, je vais au onze"


def test_english_clauses():
    assert english.clause("Marie", 2, "go", "present", negative=True) == "Marie doesn't go"
    assert english.question("you", 1, "buy", "past", negative=False) == "did you buy"
    assert english.tidy("a hour, a university") == "An hour, a university"
