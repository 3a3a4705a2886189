"""Things and places: what can be eaten, worn, carried, visited, and what can be said of it."""

from __future__ import annotations

from dragoman.data.phrasebook.lexicon.tables import adjectives, nouns, rows, words

DRINKS = nouns(
    """
coffee | café m | 커피 | 잔
tea | thé m | 차 | 잔
water | eau f | 물 | 잔
milk | lait m | 우유 | 잔
wine | vin m | 와인 | 잔
orange juice | jus d'orange m | 오렌지 주스 | 잔
hot chocolate | chocolat chaud m | 핫초코 | 잔
""",
    mass=True,
)
DISHES = nouns(
    """
bread | pain m | 빵 | 개
cheese | fromage m | 치즈 | 개
rice | riz m | 밥 | 그릇
meat | viande f | 고기 | 인분
fish | poisson m | 생선 | 마리
chicken | poulet m | 닭고기 | 인분
soup | soupe f | 수프 | 그릇
salad | salade f | 샐러드 | 개
chocolate | chocolat m | 초콜릿 | 개
ice cream | glace f | 아이스크림 | 개
kimchi | kimchi m | 김치 | 인분
""",
    mass=True,
)
FOODS = nouns("""
apple | pomme f | 사과 | 개
orange | orange f | 오렌지 | 개
banana | banane f | 바나나 | 개
egg | œuf m | 달걀 | 개 several
tomato | tomate f | 토마토 | 개 several
strawberry | fraise f | 딸기 | 개 several
potato | pomme de terre f | 감자 | 개 several
sandwich | sandwich m | 샌드위치 | 개
cake | gâteau m | 케이크 | 개
carrot | carotte f | 당근 | 개 several
""")
CLOTHES = nouns("""
shirt | chemise f | 셔츠 | 벌
dress | robe f | 원피스 | 벌
skirt | jupe f | 치마 | 벌
coat | manteau m | 코트 | 벌
jacket | veste f | 재킷 | 벌
sweater | pull m | 스웨터 | 벌
hat | chapeau m | 모자 | 개
scarf | écharpe f | 목도리 | 개
""")
BOOKS = nouns("""
book | livre m | 책 | 권
newspaper | journal m | 신문 | 부
magazine | magazine m | 잡지 | 권
novel | roman m | 소설 | 권
letter | lettre f | 편지 | 통
""")
DEVICES = nouns("""
computer | ordinateur m | 컴퓨터 | 대
phone | téléphone m | 전화기 | 대
camera | appareil photo m | 카메라 | 대
watch | montre f | 시계 | 개
bicycle | vélo m | 자전거 | 대
car | voiture f | 자동차 | 대
""")
SMALL = nouns("""
bag | sac m | 가방 | 개
umbrella | parapluie m | 우산 | 개
pen | stylo m | 펜 | 개
dictionary | dictionnaire m | 사전 | 권
map | carte f | 지도 | 장
key | clé f | 열쇠 | 개
ticket | billet m | 표 | 장
gift | cadeau m | 선물 | 개
notebook | cahier m | 공책 | 권
bottle | bouteille f | 병 | 개
cup | tasse f | 컵 | 개
flower | fleur f | 꽃 | 송이
""")
FURNITURE = nouns("""
table | table f | 탁자 | 개
chair | chaise f | 의자 | 개
bed | lit m | 침대 | 개
lamp | lampe f | 램프 | 개
sofa | canapé m | 소파 | 개
desk | bureau m | 책상 | 개
""")
DWELLINGS = nouns("""
house | maison f | 집 | 채
apartment | appartement m | 아파트 | 채
room | chambre f | 방 | 개
garden | jardin m | 정원 | 개
""")
ANIMALS = nouns("""
dog | chien m | 개 | 마리
cat | chat m | 고양이 | 마리
bird | oiseau m | 새 | 마리
rabbit | lapin m | 토끼 | 마리
horse | cheval m | 말 | 마리
""")


PLACES = nouns("""
school | école f | 학교
hospital | hôpital m | 병원
hotel | hôtel m | 호텔
station | gare f | 기차역
airport | aéroport m | 공항
bank | banque f | 은행
library | bibliothèque f | 도서관
museum | musée m | 박물관
park | parc m | 공원
market | marché m | 시장
supermarket | supermarché m | 슈퍼마켓
restaurant | restaurant m | 식당
cinema | cinéma m | 영화관
church | église f | 교회
university | université f | 대학교
post office | poste f | 우체국
pharmacy | pharmacie f | 약국
bakery | boulangerie f | 빵집
beach | plage f | 해변
office | bureau m | 사무실
theater | théâtre m | 극장
bookstore | librairie f | 서점
swimming pool | piscine f | 수영장
""")

CITIES = words("""
Paris | Paris | 파리
Lyon | Lyon | 리옹
Seoul | Séoul | 서울
Busan | Busan | 부산
London | Londres | 런던
Tokyo | Tokyo | 도쿄
Rome | Rome | 로마
Berlin | Berlin | 베를린
New York | New York | 뉴욕
""")
COUNTRIES = rows("""
France | en France | de France | 프랑스
Korea | en Corée | de Corée | 한국
England | en Angleterre | d'Angleterre | 영국
Germany | en Allemagne | d'Allemagne | 독일
Italy | en Italie | d'Italie | 이탈리아
Spain | en Espagne | d'Espagne | 스페인
China | en Chine | de Chine | 중국
Japan | au Japon | du Japon | 일본
Canada | au Canada | du Canada | 캐나다
Brazil | au Brésil | du Brésil | 브라질
the United States | aux États-Unis | des États-Unis | 미국
""")
"""English, French in and from, Korean."""

QUALITIES = adjectives("""
big | grand | 크다 | thing home
small | petit | 작다 | thing home
beautiful | beau/belle/beaux/belles | 아름답다 | home clothes
pretty | joli | 예쁘다 | clothes small
expensive | cher | 비싸다 | thing clothes small food price book device
clean | propre | 깨끗하다 | home clothes
heavy | lourd | 무겁다 | small device
light | léger | 가볍다 | small
useful | utile | 유용하다 | device small
interesting | intéressant | 재미있다 | book
difficult | difficile | 어렵다 | book
long | long/longue/longs/longues | 길다 | book
comfortable | confortable | 편하다 | furniture clothes
fresh | frais/fraîche/frais/fraîches | 신선하다 | food
delicious | délicieux | 맛있다 | food
modern | moderne | 현대적 이다 | home
elegant | élégant | 우아하다 | clothes
""")
COLOURS = adjectives("""
red | rouge | 빨갛다 | colour
blue | bleu | 파랗다 | colour
white | blanc/blanche/blancs/blanches | 하얗다 | colour
black | noir | 까맣다 | colour
yellow | jaune | 노랗다 | colour
""")

NUMBERS = rows("""
one | un | 한 | 일
two | deux | 두 | 이
three | trois | 세 | 삼
four | quatre | 네 | 사
five | cinq | 다섯 | 오
six | six | 여섯 | 육
seven | sept | 일곱 | 칠
eight | huit | 여덟 | 팔
nine | neuf | 아홉 | 구
ten | dix | 열 | 십
eleven | onze | 열한 | 십일
twelve | douze | 열두 | 십이
fifteen | quinze | 열다섯 | 십오
twenty | vingt | 스무 | 이십
thirty | trente | 서른 | 삼십
forty | quarante | 마흔 | 사십
fifty | cinquante | 쉰 | 오십
sixty | soixante | 예순 | 육십
""")
"""English, French, Korean before a counter, Sino-Korean."""
HUNDREDS = rows("""
one hundred | cent | 백
two hundred | deux cents | 이백
three hundred | trois cents | 삼백
four hundred | quatre cents | 사백
five hundred | cinq cents | 오백
one thousand | mille | 천
""")
"""English, French, Korean."""

VEHICLES = words("""
by bus | en bus | 버스로
by train | en train | 기차로
by car | en voiture | 자동차로
by taxi | en taxi | 택시로
by subway | en métro | 지하철로
by bicycle | à vélo | 자전거로
on foot | à pied | 걸어서
""")
POSITIONS = words("""
next to | à côté de | 옆
in front of | devant | 앞
behind | derrière | 뒤
near | près de | 근처
across from | en face de | 맞은편
""")
SPOTS = words("""
on | sur | 위
under | sous | 아래
next to | à côté de | 옆
in front of | devant | 앞
behind | derrière | 뒤
""")
