"""Bulk translation without Ray: what one worker does with a shard, and what a folder remembers of an order."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dragoman.cli.main import main
from dragoman.errors import InputError
from dragoman.loading import load
from dragoman.scale.rows import PIECE, Layout
from dragoman.scale.shards import open_plan, plan, restart
from dragoman.scale.stores import Store
from dragoman.scale.worker import Job, Worker, done, files_of
from dragoman.translator import TranslateOptions, Translation
from dragoman.zoo import shipped

BUNDLE = shipped("phrasebook-en-fr")
OPTIONS = TranslateOptions(beam_size=1, attention=False)


class Echo:
    """A model that shouts, but for what it cannot bear."""

    def translate(self, texts, options):
        if any("boom" in text for text in texts):
            raise ValueError("it said boom")
        return [
            Translation(text, text.upper(), -1.0, -1.0, (), (), (), num_cut=3 * ("long" in text))
            for text in texts
        ]


def worker(folder: Path, names: str, form: str, **changed) -> Worker:
    job = Job(
        {},
        lambda _: Echo(),
        str(folder / names),
        str(folder / "out"),
        "text",
        form,
        Layout("fr", False),
        OPTIONS,
    )
    (folder / "out").mkdir(exist_ok=True)
    return Worker(replace(job, **changed))


def run(folder: Path, names: str, form: str, rows: int, **changed):
    """Translate every shard; give the reports."""
    made = worker(folder, names, form, **changed)
    return [made.translate(shard) for shard in plan(made.source, rows)]


def outputs(folder: Path, suffix: str) -> list[Path]:
    return sorted((folder / "out").glob(f"part-*{suffix}"))


LINES = ["a", "", "boom", "a long one", "b\u2028c", "d"]


@pytest.mark.parametrize("rows", [1, 2, 5, 6, 100])
@pytest.mark.parametrize("end", ["\n", ""])
def test_lines_come_out_in_their_order_however_they_are_cut(tmp_path, rows, end):
    for name, mark in (("1.txt", "\ufeff"), ("2.txt", "")):
        (tmp_path / name).write_bytes((mark + "\r\n".join(LINES) + end).encode())
    reports = run(tmp_path, "*.txt", "text", rows)
    text = "".join(path.read_text(encoding="utf-8") for path in outputs(tmp_path, ".txt"))
    assert text.split("\n") == [*["A", "", "", "A LONG ONE", "B\u2028C", "D"] * 2, ""]
    assert sum(report.rows for report in reports) == 12
    assert len(reports) == 2 * -(-6 // rows)
    errors = [
        json.loads(line)
        for path in sorted((tmp_path / "out").glob("_errors*"))
        for line in path.read_text().splitlines()
    ]
    assert [one["row_id"] for one in errors] == [2, 3, 8, 9]
    assert errors[0]["error"] == "ValueError: it said boom"
    assert errors[1]["error"] == "longer than the model reads: 3 tokens were not read"


def test_a_compressed_file_is_one_shard(tmp_path):
    (tmp_path / "in.txt.gz").write_bytes(gzip.compress(b"a\n" * (PIECE + 1)))
    (report,) = run(tmp_path, "in.txt.gz", "text", 10)
    assert report.rows == PIECE + 1
    assert outputs(tmp_path, ".txt")[0].read_bytes() == b"A\n" * (PIECE + 1)


def test_json_keeps_every_field_and_a_bad_row_is_an_error_in_its_place(tmp_path):
    rows = [
        '{"text": "a", "n": [1]}',
        "{",
        "3",
        '{"x": 1}',
        '{"text": null}',
        '{"text": 5}',
        '{"text": "\\ud800"}',
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(rows), encoding="utf-8")
    run(tmp_path, "in.jsonl", "jsonl", 3)
    found = [
        json.loads(line)
        for path in outputs(tmp_path, ".jsonl")
        for line in path.read_text(encoding="utf-8").split("\n")[:-1]
    ]
    assert found[0] == {
        "row_id": 0,
        "text": "a",
        "n": [1],
        "fr": "A",
        "fr_score": -1.0,
        "fr_error": None,
    }
    assert [one["row_id"] for one in found] == list(range(7))
    assert "is not JSON" in found[1]["fr_error"]
    assert [one["fr_error"] for one in found[2:6]] == [
        "is not a JSON object",
        "has no 'text'",
        "is null",
        "is not text but int",
    ]
    assert found[3]["x"] == 1


def parquet(folder: Path) -> pa.Table:
    """Write eleven rows in groups of four; one text is null, one is no UTF-8, one too long."""
    texts = [f"t{n}".encode() for n in range(11)]
    texts[3], texts[5], texts[7] = None, b"\xff", b"x" * 100_001
    column = pa.array(texts, pa.binary()).view(pa.string())
    table = pa.table({"id": pa.array(range(100, 111), pa.int16()), "text": column})
    pq.write_table(table, folder / "in.parquet", row_group_size=4)
    return table


@pytest.mark.parametrize("rows", [1, 3, 4, 5, 11, 20])
def test_a_table_keeps_its_columns_across_row_groups(tmp_path, rows):
    table = parquet(tmp_path)
    run(tmp_path, "in.parquet", "parquet", rows)
    found = pa.concat_tables([pq.read_table(path) for path in outputs(tmp_path, ".parquet")])
    assert found["id"].combine_chunks().equals(table["id"].combine_chunks())
    assert found["row_id"].to_pylist() == list(range(11))
    assert found["fr"].to_pylist() == [
        "T0",
        "T1",
        "T2",
        None,
        "T4",
        None,
        "T6",
        None,
        "T8",
        "T9",
        "T10",
    ]
    errors = {n: error for n, error in enumerate(found["fr_error"].to_pylist()) if error}
    assert errors == {
        3: "is null",
        5: "is not UTF-8 (byte 0xff)",
        7: "has 100,001 characters; at most 100,000 are read",
    }


def test_row_ids_of_the_input_are_kept(tmp_path):
    pq.write_table(pa.table({"row_id": ["p", "q"], "text": ["a", "b"]}), tmp_path / "in.parquet")
    run(tmp_path, "in.parquet", "parquet", 5)
    assert pq.read_table(outputs(tmp_path, ".parquet")[0])["row_id"].to_pylist() == ["p", "q"]


def test_the_real_model_says_what_translate_says(tmp_path):
    texts = ["I am a student.", "", "Where is the station?"]
    pq.write_table(pa.table({"text": texts}), tmp_path / "in.parquet")
    options = replace(OPTIONS, beam_size=3, nbest=3)
    model = {
        "model": files_of(BUNDLE),
        "load": load,
        "options": options,
        "layout": Layout("fr", True),
    }
    run(tmp_path, "in.parquet", "parquet", 10, **model)
    found = pq.read_table(outputs(tmp_path, ".parquet")[0]).to_pylist()
    wanted = load(BUNDLE).translate(texts, options)
    assert [row["fr"] for row in found] == [one.text for one in wanted]
    assert [row["fr_score"] for row in found] == [one.score for one in wanted]
    assert [best["text"] for best in found[0]["fr_nbest"]] == [
        wanted[0].text,
        *(one.text for one in wanted[0].alternatives),
    ]


def folder_of(tmp_path):
    (tmp_path / "in.txt").write_text("a\nb\nc\n")
    return Store.open(str(tmp_path / "out")), Store.open(str(tmp_path / "in.txt"))


def test_what_is_finished_is_left_and_what_is_damaged_is_done_again(tmp_path):
    out, source = folder_of(tmp_path)
    shards = open_plan(out, source, {"model": "m"}, 1)
    made = worker(tmp_path, "in.txt", "text")
    for shard in shards:
        made.translate(shard)
    assert open_plan(out, source, {"model": "m"}, 1) == shards
    assert all(done(out, shard, "text") for shard in shards)
    (tmp_path / "out" / "part-000001.txt").write_text("")
    (tmp_path / "out" / "part-000002.txt").unlink()
    assert [done(out, shard, "text") is not None for shard in shards] == [True, False, False]
    (tmp_path / "out" / "_done-000000.json").write_text('{"number"')
    assert done(out, shards[0], "text") is None


def test_another_model_or_changed_inputs_are_refused_until_restart(tmp_path):
    out, source = folder_of(tmp_path)
    open_plan(out, source, {"model": "m", "options": {"beam": 5}}, 1)
    with pytest.raises(InputError, match=r"was begun with model m; now it is model n\..*--restart"):
        open_plan(out, source, {"model": "n", "options": {"beam": 5}}, 1)
    (tmp_path / "in.txt").write_text("a\nb\nc\nd\n")
    with pytest.raises(
        InputError, match="inputs 1 files of 6 bytes; now it is inputs 1 files of 8 bytes"
    ):
        open_plan(out, source, {"model": "m", "options": {"beam": 5}}, 1)
    restart(out)
    assert len(open_plan(out, source, {"model": "n"}, 1)) == 4


def test_an_input_that_changes_under_the_work_is_told(tmp_path):
    _, source = folder_of(tmp_path)
    made, shards = worker(tmp_path, "in.txt", "text"), plan(source, 1)
    (tmp_path / "in.txt").write_text("other\n")
    assert "was changed since the work began" in made.translate(shards[0]).fault
    (tmp_path / "in.txt").unlink()
    assert "was changed since" in made.translate(shards[0]).fault
    assert not outputs(tmp_path, ".txt")


def test_a_shard_that_ends_its_workers_is_given_up(tmp_path):
    made = worker(tmp_path, "in.txt", "text")
    _, source = folder_of(tmp_path)
    (shard, *_) = plan(source, 2)
    made._translate = lambda texts: (_ for _ in ()).throw(
        KeyboardInterrupt
    )  # As sudden as an end can be here.
    for _ in range(4):
        with pytest.raises(KeyboardInterrupt):
            made.translate(shard)
    assert "rows 0 to 1 ended 4 workers" in made.translate(shard).fault
    assert not list((tmp_path / "out").glob(".part*"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--input", "none/*.txt"], "no such file"),
        (["--input", "in.parquet", "--column", "txt"], "has no column 'txt'; it has id, text"),
        (["--input", "in.parquet", "--column", "id"], "is not text but int16"),
        (["--input", "in.parquet", "--name", "id"], "has a column 'id' already"),
        (["--input", "in.jsonl", "--format", "parquet"], "no fixed types"),
        (["--input", "in.jsonl", "--format", "xml"], "expected one of parquet, jsonl, text"),
        (["--input", "bad.parquet"], "cannot be read"),
        (["--input", "nowhere://x/y"], "cannot be opened"),
        (["--input", "in.jsonl", "--output", "."], "the inputs are in it"),
        (["--input", "in.jsonl", "--output", "full"], "holds files that no bulk translation made"),
    ],
)
def test_what_cannot_be_is_told_before_ray_is_started(
    tmp_path, monkeypatch, capsys, words, message
):
    monkeypatch.chdir(tmp_path)
    parquet(tmp_path)
    (tmp_path / "in.jsonl").write_text('{"text": "a"}\n')
    (tmp_path / "bad.parquet").write_text("no table")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    assert main(["bulk", "phrasebook-en-fr", "--output", "out", *words]) == 2
    assert message in capsys.readouterr().err


def test_without_ray_it_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    monkeypatch.setitem(__import__("sys").modules, "ray.data", None)
    assert main(["bulk", "phrasebook-en-fr", "--input", "x", "--output", str(tmp_path)]) == 2
    assert (
        "needs ray, which is not installed: pip install 'dragoman[ray]'" in capsys.readouterr().err
    )
