"""What people do, when and how often.

Tags: `am` and `pm` suit a time of day, `habit` only what is done again and again, `event` only what
is done once, `state` what cannot be said to be going on, `fun` what one likes doing, `skill` what
one learns, `trip` what one does far away, `calm` what one does while another does something else.
"""

from __future__ import annotations

from dragoman.data.phrasebook.grammar import Predicate
from dragoman.data.phrasebook.korean import attach
from dragoman.data.phrasebook.lexicon.people import LANGUAGES
from dragoman.data.phrasebook.lexicon.tables import (
    indefinite_objects,
    predicate,
    predicates,
)
from dragoman.data.phrasebook.lexicon.things import (
    BOOKS,
    CITIES,
    CLOTHES,
    COUNTRIES,
    DEVICES,
    DISHES,
    DRINKS,
    FOODS,
    FURNITURE,
    PLACES,
    SMALL,
)

HOME = predicates("""
cook dinner | préparer le dîner | 저녁을 준비하다 | pm fun calm
make breakfast | préparer le petit déjeuner | 아침을 준비하다 | am calm
have breakfast | prendre le petit déjeuner | 아침을 먹다 | am
have lunch | déjeuner | 점심을 먹다 | noon
have dinner | dîner | 저녁을 먹다 | pm
get up early | se lever tôt | 일찍 일어나다 | am state
get up late | se lever tard | 늦게 일어나다 | am state
go to bed early | se coucher tôt | 일찍 자다 | pm state
go to bed late | se coucher tard | 늦게 자다 | pm state
take a shower | prendre une douche / de douche | 샤워를 하다 |
clean the house | nettoyer la maison | 집을 청소하다 | calm
clean the kitchen | nettoyer la cuisine | 부엌을 청소하다 | calm
do the dishes | faire la vaisselle | 설거지를 하다 | calm
do the laundry | faire la lessive | 빨래를 하다 | calm
do the shopping | faire les courses | 장을 보다 |
rest | se reposer | 쉬다 | calm fun
sleep | dormir | 자다 | calm
stay at home | rester à la maison | 집에 있다 | exists state
go home | rentrer à la maison | 집에 가다 |
water the flowers | arroser les fleurs | 꽃에 물을 주다 | calm
walk the dog | promener le chien | 개를 산책시키다 |
""")
LEISURE = predicates("""
watch television | regarder la télévision | 텔레비전을 보다 | fun calm
watch a movie | regarder un film / de film | 영화를 보다 | event fun calm
watch movies | regarder des films / de films | 영화를 보다 | habit fun
listen to music | écouter de la musique / de musique | 음악을 듣다 | fun calm
listen to the radio | écouter la radio | 라디오를 듣다 | fun calm
play the piano | jouer du piano / de piano | 피아노를 치다 | fun skill calm
play the guitar | jouer de la guitare / de guitare | 기타를 치다 | fun skill calm
play tennis | jouer au tennis | 테니스를 치다 | fun skill
play football | jouer au football | 축구를 하다 | fun skill
swim | nager | 수영하다 | fun skill
dance | danser | 춤을 추다 | fun skill calm
sing | chanter | 노래하다 | fun skill calm
cook | cuisiner | 요리하다 | fun skill calm
draw | dessiner | 그림을 그리다 | fun skill calm
travel | voyager | 여행하다 | fun
take photos | prendre des photos / de photos | 사진을 찍다 | fun trip
walk in the park | se promener dans le parc | 공원에서 산책하다 | fun trip
run in the park | courir dans le parc | 공원에서 뛰다 | fun
play with the children | jouer avec les enfants | 아이들과 놀다 | fun calm
work in the garden | travailler dans le jardin | 정원에서 일하다 | fun calm
ride a bicycle | faire du vélo / de vélo | 자전거를 타다 | fun skill
""")
WORK = predicates("""
work | travailler | 일하다 | calm
work at the office | travailler au bureau | 사무실에서 일하다 |
work at home | travailler à la maison | 집에서 일하다 |
study at the library | étudier à la bibliothèque | 도서관에서 공부하다 |
study | étudier | 공부하다 | calm
do homework | faire les devoirs | 숙제를 하다 | calm
write a letter | écrire une lettre / de lettre | 편지를 쓰다 | event calm
write letters | écrire des lettres / de lettres | 편지를 쓰다 | habit
write a novel | écrire un roman / de roman | 소설을 쓰다 | event calm trip
send an email | envoyer un e-mail / d'e-mail | 이메일을 보내다 | event
send emails | envoyer des e-mails / d'e-mails | 이메일을 보내다 | habit
speak with the teacher | parler avec le professeur | 선생님과 이야기하다 |
speak with the doctor | parler avec le médecin | 의사 선생님과 이야기하다 |
call the doctor | appeler le médecin | 의사 선생님에게 전화하다 | event
wait for the bus | attendre le bus | 버스를 기다리다 | calm
wait for the train | attendre le train | 기차를 기다리다 | calm
take the bus | prendre le bus | 버스를 타다 |
take the train | prendre le train | 기차를 타다 | trip
take the subway | prendre le métro | 지하철을 타다 |
drive | conduire | 운전하다 | skill
start work | commencer le travail | 일을 시작하다 | am state
finish work | finir le travail | 일을 끝내다 | pm state
leave the house | sortir de la maison | 집에서 나가다 | state
arrive at the office | arriver au bureau | 사무실에 도착하다 | am state
pay the bill | payer l'addition | 계산하다 | event
sell the house | vendre la maison | 집을 팔다 | event
sell the car | vendre la voiture | 자동차를 팔다 | event
""")
MEALS = [
    *indefinite_objects(("drink", "boire", "을 마시다"), DRINKS, "fun calm meal minor"),
    *indefinite_objects(("eat", "manger", "을 먹다"), [*DISHES, *FOODS], "fun calm meal minor"),
]
COOKING = indefinite_objects(("make", "faire", "을 만들다"), [*DISHES[6:8], FOODS[8]], "fun minor")
PURCHASES = [
    *indefinite_objects(
        ("buy", "acheter", "을 사다"), [*CLOTHES, *DEVICES, *FURNITURE, *SMALL, *BOOKS[:4]], "buy"
    ),
    *indefinite_objects(("buy", "acheter", "을 사다"), [*DISHES, *FOODS, *DRINKS], "minor food"),
]
READING = indefinite_objects(("read", "lire", "을 읽다"), BOOKS, "fun calm")
STUDIES = [
    predicate(
        f"{en} {language.en}",
        f"{fr} le {language.fr}",
        f"{language.ko}를 {ko}다",
        f"{tags} language",
    )
    for language in LANGUAGES
    for en, fr, ko, tags in (
        ("study", "étudier", "공부하", "calm"),
        ("learn", "apprendre", "배우", ""),
    )
]
SPEAKING = [
    predicate(f"{en} {language.en}", f"{fr}{language.fr}", f"{language.ko}를 {ko}다")
    for language in LANGUAGES
    for en, fr, ko in (("speak", "parler ", "하"), ("understand", "comprendre le ", "이해하"))
]
OUTINGS = [
    predicate(f"go to the {p.en}", f"aller à {p.the.fr}", f"{p.ko}에 가다", "out")
    for p in PLACES
    if p.en not in ("hospital", "church", "school")
] + predicates("""
go to school | aller à l'école | 학교에 가다 | out
go to work | aller au travail | 회사에 가다 | out am
go to church | aller à l'église | 교회에 가다 | out
go to the hospital | aller à l'hôpital | 병원에 가다 | out
go to the doctor | aller chez le médecin | 병원에 가다 | out
""")
TRAVELS = [
    *(
        predicate(f"{en} {city.en}", f"{fr} {city.fr}", f"{attach(city.ko, ko)}다", tags)
        for city in CITIES
        for en, fr, ko, tags in (
            ("go to", "aller à", "에 가", "far fun"),
            ("arrive in", "arriver à", "에 도착하", "far state"),
            ("return to", "retourner à", "으로 돌아가", "far state"),
        )
    ),
    *(
        predicate(f"{en} {country}", f"{fr} {where}", attach(ko, korean), tags)
        for country, where, _, ko in COUNTRIES
        for en, fr, korean, tags in (
            ("go to", "aller", "에 가다", "far fun"),
            ("travel to", "voyager", "에 여행을 가다", "far fun"),
            ("return to", "retourner", "으로 돌아가다", "far state"),
        )
    ),
]
LIVING = [
    *(
        predicate(f"{en} in {c.en}", f"{fr} à {c.fr}", f"{c.ko}에서 {ko}다", "state live")
        for c in CITIES
        for en, fr, ko in (("live", "habiter", "살"), ("work", "travailler", "일하"))
    ),
    *(
        predicate(f"{en} in {country}", f"{fr} {where}", f"{ko}에서 {korean}다", "state live")
        for country, where, _, ko in COUNTRIES
        for en, fr, korean in (("live", "habiter", "살"), ("work", "travailler", "일하"))
    ),
]
WEARING = indefinite_objects(
    ("wear", "porter", "을 입다"), [c for c in CLOTHES if c.en in ("coat", "jacket", "sweater")]
)

THEMES: list[list[Predicate]] = [
    HOME,
    HOME,
    LEISURE,
    LEISURE,
    WORK,
    WORK,
    MEALS,
    MEALS,
    COOKING,
    PURCHASES,
    PURCHASES,
    READING,
    STUDIES,
    OUTINGS,
    OUTINGS,
    TRAVELS,
]
"""What people do, theme by theme; a pattern draws a theme first, so none drowns the others."""

REQUESTS = predicates("""
open the window | ouvrir la fenêtre | 창문을 열다
close the window | fermer la fenêtre | 창문을 닫다
open the door | ouvrir la porte | 문을 열다
close the door | fermer la porte | 문을 닫다
turn on the light | allumer la lumière | 불을 켜다
turn off the light | éteindre la lumière | 불을 끄다
turn off the television | éteindre la télévision | 텔레비전을 끄다
speak slowly | parler lentement | 천천히 말하다
repeat the question | répéter la question | 질문을 반복하다
wait here | attendre ici | 여기에서 기다리다
come with me | venir avec moi | 저와 같이 가다
call the doctor | appeler le médecin | 의사 선생님에게 전화하다
call a taxi | appeler un taxi / de taxi | 택시를 부르다
read this letter | lire cette lettre | 이 편지를 읽다
write the address | écrire l'adresse | 주소를 쓰다
take a photo | prendre une photo / de photo | 사진을 찍다
carry this bag | porter ce sac | 이 가방을 들다
bring the bill | apporter l'addition | 계산서를 가져오다
bring the menu | apporter le menu | 메뉴를 가져오다
send this letter | envoyer cette lettre | 이 편지를 보내다
clean the room | nettoyer la chambre | 방을 청소하다
sign here | signer ici | 여기에 서명하다
call the police | appeler la police | 경찰을 부르다
turn on the television | allumer la télévision | 텔레비전을 켜다
look at this map | regarder cette carte | 이 지도를 보다
turn left | tourner à gauche | 왼쪽으로 가다
turn right | tourner à droite | 오른쪽으로 가다
go straight ahead | aller tout droit | 똑바로 가다
answer the question | répondre à la question | 질문에 대답하다
leave the bag here | laisser le sac ici | 가방을 여기에 놓다
wait for the bus here | attendre le bus ici | 여기에서 버스를 기다리다
""") + [
    predicate(f"speak {language.en}", f"parler {language.fr}", f"{language.ko}로 말하다")
    for language in LANGUAGES[:5]
]
