"""When: times of day, days of the week, how often; with the time of day each is."""

from __future__ import annotations

from dragoman.data.phrasebook.grammar import Words
from dragoman.data.phrasebook.lexicon.tables import rows, words

Time = tuple[Words, str]
"""A time, and the part of the day it is (am, noon, pm), or `remote` if it is days away."""


def _times(table: str) -> list[Time]:
    return [(Words(*row[:3]), row[3] if len(row) > 3 else "") for row in rows(table)]


DAYS = words("""
Monday | lundi | 월요일
Tuesday | mardi | 화요일
Wednesday | mercredi | 수요일
Thursday | jeudi | 목요일
Friday | vendredi | 금요일
Saturday | samedi | 토요일
Sunday | dimanche | 일요일
""")
MONTHS = words("""
January | janvier | 일월
February | février | 이월
March | mars | 삼월
April | avril | 사월
May | mai | 오월
June | juin | 유월
July | juillet | 칠월
August | août | 팔월
September | septembre | 구월
October | octobre | 시월
November | novembre | 십일월
December | décembre | 십이월
""")
SEASONS = words("""
in spring | au printemps | 봄에
in summer | en été | 여름에
in autumn | en automne | 가을에
in winter | en hiver | 겨울에
""")
PAST = [
    *_times("""
yesterday | hier | 어제
yesterday | hier | 어제
two days ago | il y a deux jours | 이틀 전에 | remote
last week | la semaine dernière | 지난주에 | remote
this morning | ce matin | 오늘 아침에 | am
yesterday morning | hier matin | 어제 아침에 | am
last night | hier soir | 어젯밤에 | pm
last weekend | le week-end dernier | 지난 주말에 | remote
"""),
    *((Words(f"last {d.en}", f"{d.fr} dernier", f"지난 {d.ko}에"), "remote") for d in DAYS[:5]),
]
FUTURE = [
    *_times("""
tomorrow | demain | 내일
tomorrow | demain | 내일
tomorrow morning | demain matin | 내일 아침에 | am
tomorrow evening | demain soir | 내일 저녁에 | pm
tonight | ce soir | 오늘 저녁에 | pm
next week | la semaine prochaine | 다음 주에 | remote
this weekend | ce week-end | 이번 주말에 | remote
"""),
    *((Words(f"next {d.en}", f"{d.fr} prochain", f"다음 주 {d.ko}에"), "remote") for d in DAYS[:5]),
]
HABIT = [
    *_times("""
every day | tous les jours | 매일
every morning | tous les matins | 매일 아침 | am
every evening | tous les soirs | 매일 저녁 | pm
in the morning | le matin | 아침에 | am
in the evening | le soir | 저녁에 | pm
in the afternoon | l'après-midi | 오후에 | noon
on weekends | le week-end | 주말에
"""),
    *((Words(f"on {d.en}s", f"le {d.fr}", f"{d.ko}마다"), "") for d in DAYS),
]
YEARLY = _times("""
every year | tous les ans | 매년
every summer | tous les étés | 매년 여름
every winter | tous les hivers | 매년 겨울
every month | tous les mois | 매달
""")
NOW = _times("""
now | maintenant | 지금
right now | en ce moment | 지금
""")
OFTEN = words("""
often | souvent | 자주
always | toujours | 항상
sometimes | parfois | 가끔
""")
