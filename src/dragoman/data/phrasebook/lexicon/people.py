"""Who sentences are about, and what people are: professions, nationalities, feelings."""

from __future__ import annotations

from dragoman.data.phrasebook.grammar import Subject, Words
from dragoman.data.phrasebook.lexicon.tables import (
    Noun,
    adjectives,
    nouns,
    predicates,
    rows,
    words,
)

I = Subject(Words("I", "je", "저"), 0)  # noqa: E741
YOU = Subject(Words("you", "tu", ""), 1)
HE = Subject(Words("he", "il", "그"), 2)
SHE = Subject(Words("she", "elle", "그녀"), 2, feminine=True)
WE = Subject(Words("we", "nous", "우리"), 3, plural=True)
THEY = Subject(Words("they", "ils", "그들"), 5, plural=True)
SIR = Subject(Words("you", "vous", ""), 4, honorific=True)
MADAM = Subject(Words("you", "vous", ""), 4, feminine=True, honorific=True)

PRONOUNS = [I, HE, SHE, WE, THEY]


def _subject(en: str, fr: str, ko: str, marks: str = "") -> Subject:
    kinds = marks.split()
    plural = "p" in kinds
    return Subject(Words(en, fr, ko), 5 if plural else 2, "f" in kinds, plural, "h" in kinds)


NAMES = [
    _subject(*row)
    for row in rows("""
Marie | Marie | 마리 씨 | f
Sophie | Sophie | 소피 씨 | f
Anna | Anna | 안나 씨 | f
Jiyoung | Jiyoung | 지영 씨 | f
Paul | Paul | 폴 씨
Lucas | Lucas | 루카스 씨
Minsu | Minsu | 민수 씨
Daniel | Daniel | 다니엘 씨
""")
]
FAMILY = [
    _subject(*row)
    for row in rows("""
my mother | ma mère | 우리 어머니 | f h
my father | mon père | 우리 아버지 | h
my grandmother | ma grand-mère | 우리 할머니 | f h
my grandfather | mon grand-père | 우리 할아버지 | h
my parents | mes parents | 우리 부모님 | p h
my sister | ma sœur | 제 여동생 | f
my brother | mon frère | 제 남동생
my friend | mon ami | 제 친구
my colleague | mon collègue | 제 동료
my wife | ma femme | 제 아내 | f
my husband | mon mari | 제 남편
my daughter | ma fille | 제 딸 | f
my son | mon fils | 제 아들
my aunt | ma tante | 우리 이모 | f
my uncle | mon oncle | 우리 삼촌
my cousin | mon cousin | 제 사촌
my friends | mes amis | 제 친구들 | p
""")
]
OTHERS = [
    _subject(*row)
    for row in rows("""
the children | les enfants | 아이들 | p
the students | les étudiants | 학생들 | p
the teacher | le professeur | 선생님 | h
the doctor | le médecin | 의사 선생님 | h
her brother | son frère | 그녀의 남동생
his sister | sa sœur | 그의 여동생 | f
your brother | ton frère | 남동생
your sister | ta sœur | 여동생 | f
your mother | ta mère | 어머니 | f h
your father | ton père | 아버지 | h
our neighbor | notre voisin | 우리 이웃
our teacher | notre professeur | 우리 선생님 | h
""")
]
COUPLES = [
    _subject(*row)
    for row in rows("""
Marie and Paul | Marie et Paul | 마리 씨와 폴 씨 | p
Sophie and Anna | Sophie et Anna | 소피 씨와 안나 씨 | p f
Minsu and Jiyoung | Minsu et Jiyoung | 민수 씨와 지영 씨 | p
my brother and my sister | mon frère et ma sœur | 제 남동생과 여동생 | p
my mother and my aunt | ma mère et ma tante | 우리 어머니와 이모 | p f h
""")
]
KIN: list[Noun] = nouns("""
brother | frère m | 남동생 | 명
sister | sœur f | 여동생 | 명
son | fils m | 아들 | 명
daughter | fille f | 딸 | 명
cousin | cousin m | 사촌 | 명
friend | ami m | 친구 | 명
child | enfant m | 아이 | 명
""")

SINGLE = [s for s in [*NAMES, *FAMILY, HE, SHE] if not s.plural]
THIRD = [*NAMES, *NAMES, *FAMILY, *OTHERS, *COUPLES, HE, SHE, THEY]
ASKABLE = [*NAMES, *NAMES, *[s for s in OTHERS if not s.words.en.startswith("our")], HE, SHE, THEY]
ADULTS = [
    s
    for s in [*NAMES, *FAMILY, HE, SHE, I]
    if not s.plural and s.words.en not in ("my grandmother", "my grandfather")
]

PROFESSIONS = [
    ["a " + row[0], *row[1:]]
    for row in rows("""
student | étudiant | étudiante | 학생
doctor | médecin | médecin | 의사
teacher | professeur | professeure | 선생님
nurse | infirmier | infirmière | 간호사
lawyer | avocat | avocate | 변호사
engineer | ingénieur | ingénieure | 엔지니어
cook | cuisinier | cuisinière | 요리사
baker | boulanger | boulangère | 제빵사
artist | artiste | artiste | 예술가
musician | musicien | musicienne | 음악가
writer | écrivain | écrivaine | 작가
journalist | journaliste | journaliste | 기자
actor | acteur | actrice | 배우
singer | chanteur | chanteuse | 가수
dentist | dentiste | dentiste | 치과 의사
farmer | agriculteur | agricultrice | 농부
photographer | photographe | photographe | 사진작가
scientist | scientifique | scientifique | 과학자
taxi driver | chauffeur de taxi | chauffeuse de taxi | 택시 기사
police officer | policier | policière | 경찰관
architect | architecte | architecte | 건축가
pilot | pilote | pilote | 조종사
secretary | secrétaire | secrétaire | 비서
translator | traducteur | traductrice | 번역가
waiter | serveur | serveuse | 종업원
""")
]
"""English with its article, French masculine and feminine without one, Korean."""

NATIONALITIES = rows("""
French | français/française/français/françaises | 프랑스 사람
Korean | coréen/coréenne/coréens/coréennes | 한국 사람
American | américain | 미국 사람
English | anglais/anglaise/anglais/anglaises | 영국 사람
Japanese | japonais/japonaise/japonais/japonaises | 일본 사람
Chinese | chinois/chinoise/chinois/chinoises | 중국 사람
German | allemand | 독일 사람
Italian | italien | 이탈리아 사람
Spanish | espagnol | 스페인 사람
Canadian | canadien | 캐나다 사람
""")
LANGUAGES = words("""
French | français | 프랑스어
Korean | coréen | 한국어
English | anglais | 영어
Japanese | japonais | 일본어
Chinese | chinois | 중국어
German | allemand | 독일어
Italian | italien | 이탈리아어
Spanish | espagnol | 스페인어
""")

MOODS = adjectives("""
tired | fatigué | 피곤하다 | state
happy | heureux | 행복하다 | state
sad | triste | 슬프다 | state
busy | occupé | 바쁘다 | state
sick | malade | 아프다 | state
worried | inquiet/inquiète/inquiets/inquiètes | 걱정이 많다 | state
alone | seul | 혼자 이다 | state
""")

CHARACTERS = adjectives("""
kind | gentil/gentille/gentils/gentilles | 친절하다 | person
tall | grand | 키가 크다 | person
young | jeune | 젊다 | person
funny | drôle | 재미있다 | person
intelligent | intelligent | 똑똑하다 | person
serious | sérieux | 진지하다 | person
shy | timide | 수줍음이 많다 | person
honest | honnête | 정직하다 | person
strong | fort | 힘이 세다 | person
polite | poli | 예의가 바르다 | person
famous | célèbre | 유명하다 | person
rich | riche | 부유하다 | person
""")

FEELINGS = predicates("""
be hungry | avoir faim | 배가 고프다 | adj
be thirsty | avoir soif | 목이 마르다 | adj
be sleepy | avoir sommeil | 졸리다 | adj
be cold | avoir froid | 춥다 | adj own
be hot | avoir chaud | 덥다 | adj own
be scared | avoir peur | 무섭다 | adj own
""")
"""Bodily feelings; of somebody else Korean says that they show the `own` ones (추워하다)."""
