"""Tables and treebanks of the shared tasks: from a server to files that the tasks read."""

import json
from dataclasses import replace

import pytest

from dragoman.data.catalogue import CATALOGUE, get
from dragoman.data.catalogue.download import RemoteFile
from dragoman.data.catalogue.splits import column_lines, split_of, table_line, write_splits
from dragoman.data.catalogue.tables import Layout, read_conllu, read_table
from dragoman.data.corpus import Pair, ReadOptions
from dragoman.errors import DataError
from dragoman.tasks import TASKS

CONLLU = """\
# sent_id = 1
# text = Vámonos al mar
1-2\tVámonos\t_\t_\t_\t_
1\tVamos\tir\tVERB\tv\t_
2\tnos\tnosotros\tPRON\tp\t_
3-4\tal\t_\t_\t_\t_
3\ta\ta\tADP\ts\t_
4\tel\tel\tDET\td\t_
4.1\tgran\tgran\tADJ\ta\t_
5\tmar\tmar\tNOUN\tn\t_

# sent_id = 2
1\t10 000\t10 000\tNUM\tz\t_
2\t#\t#\tSYM\tz\t_

# sent_id = 3
1\tNo\tno\t_\t_\t_

# sent_id = 4
1\tFin\tfin\tNOUN\tn\t_
"""


def read(path, layout: Layout) -> list:
    return list(read_table(path.parent, [path], layout)["train"])


class TestTables:
    def test_columns_in_the_order_wanted(self, tmp_path):
        path = tmp_path / "deu.trn"
        path.write_text('Haus\tN;PL\tHäuser\nshort\tN\n"Zitat\tN;SG\t"Zitat\n', "utf-8")
        assert read(path, Layout(("train",), columns=(0, 1, 2))) == [
            ("Haus", "N;PL", "Häuser"),
            ('"Zitat', "N;SG", '"Zitat'),
        ]
        assert read(path, Layout(("train",), columns=(2, 0)))[0] == ("Häuser", "Haus")

    def test_a_header_and_labels(self, tmp_path):
        path = tmp_path / "ratings_train.txt"
        path.write_text("id\tdocument\tlabel\r\n1\t아 더빙..\t0\r\n2\t재밌다\t1\r\n", "utf-8")
        reader = CATALOGUE["nsmc"].reader
        assert list(reader(tmp_path, [path, path])["test"]) == [
            ("아 더빙..", "negative"),
            ("재밌다", "positive"),
        ]

    def test_commas_may_be_quoted(self, tmp_path):
        path = tmp_path / "train.csv"
        path.write_text('text,category\n"Lost, or\nnot?",lost_card\nHm,other\n', "utf-8")
        reader = CATALOGUE["banking77"].reader
        assert list(reader(tmp_path, [path, path])["train"]) == [
            ("Lost, or\nnot?", "lost_card"),
            ("Hm", "other"),
        ]

    def test_what_is_no_table(self, tmp_path):
        path = tmp_path / "train.tsv"
        path.write_text("x" * 200_000)
        with pytest.raises(DataError, match=r"train\.tsv:1: is not a table .* get it again"):
            read(path, Layout(("train",)))


class TestTreebanks:
    def test_words_and_not_contractions(self, tmp_path):
        path = tmp_path / "x.conllu"
        path.write_text(CONLLU, "utf-8")
        found = read_conllu(tmp_path, [path] * 3, 3)
        assert list(found) == ["train", "dev", "test"]
        assert list(found["dev"]) == [
            ("Vamos nos a el mar", "VERB PRON ADP DET NOUN"),
            ("10_000 #", "NUM SYM"),
            ("Fin", "NOUN"),
        ]

    def test_names_of_universal_ner(self, tmp_path):
        path = tmp_path / "x.iob2"
        path.write_text("# text = The AP\n1\tThe\tB-O\t-\tann\n2\tAP\tB-ORG\t-\tann\n", "utf-8")
        splits = CATALOGUE["uner-en-ewt"].reader(tmp_path, [path] * 3)
        assert list(splits["train"]) == [("The AP", "O B-ORG")]


class TestLines:
    def test_a_table(self):
        assert table_line(["Haus", "N;PL", "Häuser"]) == "Haus\tN;PL\tHäuser\n"

    def test_conll(self):
        assert column_lines(["Ja , ja", "A B C"]) == "Ja\tA\n,\tB\nja\tC\n\n"

    def test_rows_of_three_cells(self, tmp_path):
        rows = [("a", "N", "b"), ("a", "", "b"), ("a", "N", "\ufffd")]
        assert write_splits({"train": rows, "dev": []}, tmp_path, 0) == {"train.tsv": 1}
        assert (tmp_path / "train.tsv").read_text() == "a\tN\tb\n"

    def test_one_in_so_many_is_held_out(self):
        found = [split_of(str(number), 10) for number in range(3000)]
        assert found == [split_of(str(number), 10) for number in range(3000)]
        assert 240 < found.count("dev") < 360
        assert 240 < found.count("test") < 360


@pytest.mark.parametrize(
    ("name", "content", "pair"),
    [
        ("sigmorphon2020-g2p-fre", "mot\tm o\nchat\tʃ a\n", Pair("mot", "m o")),
        ("sigmorphon2023-inflection-deu", "Haus\tN;PL\tHäuser\n", Pair("<N><PL>Haus", "Häuser")),
        ("ud-en-ewt", CONLLU, Pair("Vamos nos a el mar", "VERB PRON ADP DET NOUN")),
        ("banking77", "text,category\nWhere is it?,lost\n", Pair("Where is it?", "lost")),
        ("wikipron-kor", "꽃\tk͈ o t̚\n값\tk a p̚\n", Pair("꽃", "k͈ o t̚")),
    ],
)
def test_from_a_server_to_the_task(name, content, pair, site, tmp_path, monkeypatch):
    """What `get` writes is what the task of the row reads."""
    source = CATALOGUE[name]
    site.content = content.encode()
    local = tuple(RemoteFile(f"{site.url}/{file.name}") for file in source.files)
    monkeypatch.setitem(CATALOGUE, name, replace(source, files=local))
    paths = get(name, tmp_path)
    ledger = json.loads((tmp_path / "corpus.json").read_text())
    assert ledger["task"] == source.task
    assert ledger["checksum"] == "none published: recorded on first download"
    assert len(ledger["files"]) == len(source.files)
    corpus = TASKS[source.task].read(paths[0], ReadOptions())
    assert corpus.problems == []
    assert corpus.pairs[0] == pair


def test_addresses():
    urls = {name: [file.url for file in row.files] for name, row in CATALOGUE.items()}
    raw = "https://raw.githubusercontent.com"
    assert urls["sigmorphon2020-g2p-kor"][1] == (
        f"{raw}/sigmorphon/2020/3d9bb3658b6a964ccd127e2a6781665262516bf6/task1/data/dev/kor_dev.tsv"
    )
    assert [url.rpartition("/")[2] for url in urls["sigmorphon2023-inflection-tur"]] == [
        "tur.trn",
        "tur.dev",
        "tur.tst",
    ]
    assert urls["wikipron-kor"][0].endswith("/data/scrape/tsv/kor_hang_narrow_filtered.tsv")
    assert urls["ud-ko-kaist"][2] == (
        f"{raw}/UniversalDependencies/UD_Korean-Kaist/r2.15/ko_kaist-ud-test.conllu"
    )


def test_every_task_has_data():
    found = {row.task for row in CATALOGUE.values()}
    assert found <= set(TASKS)
    assert set(TASKS) - found == set()
