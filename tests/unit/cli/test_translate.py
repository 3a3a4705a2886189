import io
import json
import os
import pty
import subprocess
import sys

import pytest

from dragoman import load
from dragoman.cli.main import main
from helpers.bundles import write_tiny
from helpers.cli import feed, spawn

LINES = ["one two", "", "ten nine", "three four", "two two"]


@pytest.fixture
def translate(model, monkeypatch, capsysbinary):
    def call(*words, content=b"", code=0):
        feed(monkeypatch, content)
        assert main(["translate", str(model), *map(str, words)]) == code
        said = capsysbinary.readouterr()
        return said.out.decode(), said.err.decode()

    return call


@pytest.fixture(scope="module")
def wanted(model):
    return [found.text for found in load(model).translate(LINES)]


@pytest.fixture
def content():
    return "\n".join(LINES).encode()


def test_one_line_a_line_and_nothing_else(translate, wanted, content):
    assert wanted[1] == ""
    assert all(wanted[:1] + wanted[2:])
    out, err = translate(content=content)
    assert out == "".join(f"{line}\n" for line in wanted)
    assert err == ""
    assert translate(content=b"")[0] == ""
    assert translate(content=b"\n\n")[0] == "\n\n"


def test_sentences_on_the_command_line(translate, wanted):
    assert translate(LINES[0], LINES[2])[0] == f"{wanted[0]}\n{wanted[2]}\n"
    assert translate("one\ntwo")[0].count("\n") == 1


def test_files(translate, wanted, content, tmp_path):
    (tmp_path / "in.txt").write_bytes(content)
    out, _ = translate("--input", tmp_path / "in.txt", "--output", tmp_path / "out.txt")
    assert out == ""
    assert (tmp_path / "out.txt").read_bytes().decode() == "".join(f"{line}\n" for line in wanted)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.txt", "out.txt"]


def test_a_long_input_comes_out_in_parts(translate, wanted, content, monkeypatch):
    monkeypatch.setattr("dragoman.cli.lines.CHUNK_LINES", 2)
    assert translate(content=content)[0] == "".join(f"{line}\n" for line in wanted)
    drawn = translate("--sample", "--temperature", 3, content=content)[0]
    monkeypatch.setattr("dragoman.cli.lines.CHUNK_LINES", 1000)
    assert translate("--sample", "--temperature", 3, content=content)[0] == drawn


def test_nbest(translate, content):
    rows = [line.split("\t") for line in translate("--nbest", 2, content=content)[0].splitlines()]
    assert [int(row[0]) for row in rows] == [1, 1, 2, 3, 3, 4, 4, 5, 5]
    assert float(rows[0][1]) >= float(rows[1][1])
    assert rows[2][2] == ""


def test_json(translate, content, wanted):
    rows = [json.loads(line) for line in translate("--json", content=content)[0].splitlines()]
    assert [row["text"] for row in rows] == wanted
    assert [row["line"] for row in rows] == [1, 2, 3, 4, 5]
    assert len(rows[0]["attention"]) == len(rows[0]["tokens"]) == len(rows[0]["probabilities"])
    two = json.loads(translate("--json", "--nbest", 2, content=b"one two")[0])
    assert len(two["alternatives"]) == 1


def test_options_reach_the_search(translate):
    assert translate("--prefix", "dix", "one two")[0].startswith("dix")
    assert len(translate("--max-length", 1, "one two")[0].split()) == 1
    drawn = [translate("--sample", "--temperature", 9, "--seed", n, "one")[0] for n in range(8)]
    assert len(set(drawn)) > 1
    assert drawn[3] == translate("--sample", "--temperature", 9, "--seed", 3, "one")[0]
    assert translate("--beam", 1, "--sample", "--top-k", 1, "one two") == translate(
        "--beam", 1, "one two"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--beam", "0", "x"], "beam_size is 0"),
        (["--nbest", "0", "x"], "nbest is 0"),
        (["--temperature", "0.5", "x"], "--temperature: without --sample"),
        (["--sample", "--temperature", "0", "x"], "temperature is 0"),
        (["--sample", "--top-p", "2", "x"], "top_p is 2"),
        (["--encoding", "utf-9"], "no text encoding 'utf-9'"),
        (["--input", "nowhere.txt"], "nowhere.txt: no such file"),
        (["--input", "/"], "is a folder"),
        (["--input", "in.txt", "x"], "choose one"),
        (["--output", "/", "x"], "is a folder"),
        (["--output", "/nowhere/out.txt", "x"], "/nowhere/out.txt: cannot be written"),
    ],
)
def test_refused(translate, words, said):
    out, err = translate(*words, code=2)
    assert out == ""
    assert err.startswith("error: ")
    assert said in err
    assert err.count("\n") == 1


def test_lines_around_one_that_is_no_text_are_translated(translate, tmp_path):
    """Into a file too, which appears whole, though the program ends with an error."""
    wanted, _ = translate(content=b"one two\n\nten\n")
    broken = b"one two\n\xff\xfe\nten\n"
    out, err = translate(content=broken, code=2)
    assert out == wanted
    assert "standard input:2 is not UTF-8 (byte 0xff)" in err
    translate("--output", str(tmp_path / "out.txt"), content=broken, code=2)
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == wanted


def test_a_wrong_encoding(translate):
    out, err = translate(content="하나\n".encode("cp949"), code=2)
    assert out == "\n"
    assert "standard input:1 is not UTF-8" in err
    assert "--encoding cp949" in err
    out, _ = translate("--encoding", "cp949", content="하나\n".encode("cp949"))
    assert out.count("\n") == 1


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """Give what a process of its own has loaded in half a second, without torch."""
    return write_tiny(tmp_path_factory.mktemp("bundle") / "tiny")


def test_the_locale_plays_no_part(model, bundle):
    """Text in and out is UTF-8 in the barest of locales, and no file is opened in the locale's encoding."""
    env = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
    done = spawn(
        ["translate", model, "--prefix", "deux", "--json"],
        python=["-X", "warn_default_encoding", "-W", "error::EncodingWarning"],
        env=env,
        input="one 나는\n".encode(),
    )
    assert done.stderr == b""
    assert done.returncode == 0
    assert json.loads(done.stdout.decode("utf-8"))["source"] == "one 나는"
    done = spawn(["translate", bundle, "a 나는", "--json"], env=env)
    assert json.loads(done.stdout.decode("utf-8"))["source"] == "a 나는"


def test_whoever_reads_may_leave(bundle):
    command = [sys.executable, "-m", "dragoman", "translate", str(bundle)]
    program = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert program.stdin
    assert program.stdout
    program.stdin.write(b"a b\n")
    program.stdin.flush()
    assert program.stdout.readline()
    program.stdout.close()
    _, err = program.communicate(b"a b\n" * 3, timeout=60)
    assert err == b""
    assert program.returncode == 141


def test_a_terminal_is_asked(bundle):
    wanted = [found.text for found in load(bundle).translate(["a b", "c"])]
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "dragoman", "translate", str(bundle)]
    with subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        os.write(ours, b"a b\nc\n\x04")
        out, err = program.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert out.decode() == f"{wanted[0]}\n{wanted[1]}\n"
    assert err.decode().count("> ") == 3
    assert "Ctrl-D" in err.decode()


def test_line_feeds_in_an_output_are_taken_out(translate, monkeypatch):
    from dragoman.text.tokenizers import Tokenizer

    monkeypatch.setattr(Tokenizer, "decode", lambda self, ids, words=(): "a\nb")
    assert translate("one two")[0] == "a b\n"
    assert translate("--nbest", 1, content=io.BytesIO(b"one\ntwo\n").getvalue())[0] == "a b\na b\n"


def test_progress_is_for_a_terminal_alone(bundle, tmp_path):
    (tmp_path / "in.txt").write_text("a b\n" * 3, "utf-8")
    ours, theirs = pty.openpty()
    files = ["--input", str(tmp_path / "in.txt"), "--output", str(tmp_path / "out.txt")]
    command = [sys.executable, "-m", "dragoman", "translate", str(bundle), *files]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, check=True)
    assert b"3 lines, " in os.read(ours, 1000)
    assert done.stdout == b""
    os.close(ours)
    os.close(theirs)
