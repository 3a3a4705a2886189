"""A bundle as one C file says what the bundle says; it reads any bytes, and leaves no memory behind."""

import random
import shutil
import subprocess

import pytest

from dragoman.cli.main import main
from dragoman.config import Config, ModelConfig, SearchConfig
from dragoman.contracts.test_tokenizers import FAR_TEXTS, TEXTS
from dragoman.contracts.tiny import build, plant, stir
from dragoman.eject import write_program
from dragoman.errors import ExportError
from dragoman.export import ExportOptions, write_bundle
from dragoman.loading import load
from dragoman.nn.model import Seq2Seq
from dragoman.text.normalise import Normaliser
from dragoman.text.tokenizers import Tokenizer, TokenizerOptions
from dragoman.text.vocabulary import EOS
from dragoman.translator import TranslateOptions
from helpers.bundles import SMALL, write_tiny
from helpers.edits import edit

COMPILER = shutil.which("cc")
STRICT = ("-O2", "-std=c99", "-Wall", "-Wextra", "-Werror")
CHECKED = ("-O0", "-g", "-std=c99", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")

pytestmark = [
    pytest.mark.skipif(COMPILER is None, reason="there is no C compiler"),
    pytest.mark.usefixtures("unchecked"),
]


def compile_program(bundle, flags=STRICT):
    """Eject a bundle, and compile it as a program."""
    source = bundle.parent / "my.c"
    write_program(bundle, source)
    program = bundle.parent / "my"
    command = [COMPILER, *flags, "-DDRAGOMAN_MAIN", str(source), "-o", str(program), "-lm"]
    subprocess.run(command, check=True)
    return program


def run(program, content, beam):
    done = subprocess.run([program, str(beam)], input=content, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()[:2000]
    assert not done.stderr
    return done.stdout


def check_same(bundle, program, lines, beams=(1, 4)):
    """Hold that the program says what the bundle says."""
    model = load(bundle, threads=1)
    for beam in beams:
        options = TranslateOptions(beam_size=beam, attention=False)
        wanted = [one.text for one in model.translate(lines, options)]
        found = run(program, "".join(f"{line}\n" for line in lines).encode(), beam)
        assert found.decode().split("\n")[:-1] == wanted
        assert len(set(wanted)) > 5  # Otherwise there was little to say.


def letters(count=120):
    draw = random.Random(1)
    lengths = [draw.randint(0, 12) for _ in range(count)]
    return ["".join(draw.choices("abcdefghijklmnop ", k=length)) for length in lengths]


# Every row of every table that a bundle can hold, and every switch, at least once. What an SSRU says has no bounds:
# where a number lies halfway between two whole ones of an int8 product, the last digit of a tanh may decide a word. The
# sizes of those below are such that none does in these texts.
NETWORKS = {
    "rnn-copy-none": {"cell": "rnn", "bridge": "copy", "attention": "none", "reverse_source": True},
    "gru-mean-dot": {
        "cell": "gru",
        "bridge": "mean",
        "attention": "dot",
        "encoder_layers": 2,
        "input_feeding": True,
    },
    "lstm-copy-general": {
        "bridge": "copy",
        "attention": "general",
        "decoder_layers": 3,
        "generator": "tied",
        "context_every_step": True,
        "input_feeding": True,
    },
    "lstm-dense-additive": {
        "attention": "additive",
        "decoder_layers": 2,
        "bidirectional": False,
    },
    "lstm-dense-general-words": {"attention": "general", "generator": "tied", "word_memory": True},
    "rnn-mean-dot-words": {
        "cell": "rnn",
        "bridge": "mean",
        "attention": "dot",
        "embedding_size": 7,
        "word_memory": True,
    },
    "lstm-general-words-found": {
        "attention": "general",
        "generator": "tied",
        "word_memory": True,
        "context_output": True,
    },
    "gru-multihead-found": {
        "cell": "gru",
        "attention": "multihead",
        "attention_heads": 2,
        "generator": "tied",
        "embedding_size": 7,
        "context_output": True,
        "input_feeding": True,
    },
    "gru-concat-words": {"cell": "gru", "attention": "concat", "word_memory": True},
    "lstm-ssru-student": {
        "decoder_cell": "ssru",
        "attention": "general",
        "generator": "tied",
        "tie_embeddings": True,
        "word_memory": True,
        "context_output": True,
    },
    "gru-ssru-copy-none": {
        "cell": "gru",
        "decoder_cell": "ssru",
        "bridge": "copy",
        "attention": "none",
        "generator": "tied",
        "decoder_layers": 3,
    },
    "rnn-ssru-additive": {
        "cell": "rnn",
        "decoder_cell": "ssru",
        "attention": "additive",
        "decoder_layers": 2,
        "embedding_size": 7,
        "context_every_step": True,
        "input_feeding": True,
    },
    "lstm-ssru-multihead": {
        "decoder_cell": "ssru",
        "attention": "multihead",
        "attention_heads": 2,
    },
    "gru-lstm-copy-dot": {
        "cell": "gru",
        "decoder_cell": "lstm",
        "bridge": "copy",
        "attention": "dot",
    },
    "lstm-rnn-copy-concat": {
        "decoder_cell": "rnn",
        "bridge": "copy",
        "attention": "concat",
        "decoder_layers": 2,
    },
    "gru-dense-concat": {
        "cell": "gru",
        "attention": "concat",
        "generator": "tied",
        "tie_embeddings": True,
        "context_every_step": True,
    },
    "rnn-mean-multihead": {
        "cell": "rnn",
        "bridge": "mean",
        "attention": "multihead",
        "attention_heads": 2,
        "reverse_source": True,
    },
}


@pytest.mark.parametrize("int8", [False, True], ids=["float32", "int8"])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_part_says_what_the_bundle_says(name, int8, tmp_path):
    config = SMALL.model_copy(update=NETWORKS[name])
    network = build(config)
    network.generator.bias.data[EOS] -= 1.5  # So that more is said.
    bundle = write_tiny(tmp_path / "bundle", network=network, int8=int8)
    # One of each pair as it is used, the other under the sanitisers.
    check_same(bundle, compile_program(bundle, STRICT if int8 else CHECKED), letters())


def write_reader(out, kind, normaliser, search=None, int8=False):
    """Write a bundle that reads and writes with a tokenizer of a kind."""
    both = Tokenizer.train(TEXTS * 3, TokenizerOptions(kind, 300, normaliser=normaliser))
    plant(2)
    network = Seq2Seq(
        SMALL.model_copy(update={"attention": "dot"}), both.vocab_size, both.vocab_size
    )
    stir(network)
    network.generator.bias.data[EOS] += 1.0
    config = Config(model=network.config, search=search or SearchConfig())
    write_bundle(network.eval(), config, (both, both), out, ExportOptions(int8))
    return out


FAR = [
    *TEXTS,
    *(text.replace("\n", "") for text in FAR_TEXTS),
    "E\u0301te\u0301 A\u030a\u0323 \u1e9b\u0323 \u0344 \u1100\u1161\u11a8 한국어.",
    "ΟΔΟΣ ΣΑΣ Σ İI ß ǅ . 。",
    "\U0001f469\u200d\U0001f469\u200d\U0001f466 \U0001f1f0\U0001f1f7\U0001f1eb x\u0301 !\u0301 \u06dd1 l’été d' '",
    "<b>the</b> <cat><> <dog\u200b\xad\x07 a\u2003b\u3000c",
]
READERS = {
    "word": Normaliser(),
    "spaced": Normaliser(lowercase=True),
    "whole": Normaliser(),
    "tagged": Normaliser(hangul="jamo"),
    "bpe": Normaliser(lowercase=True, final_stop="drop", hangul="jamo"),
    "unigram": Normaliser(),
}


@pytest.mark.parametrize("kind", READERS)
def test_every_tokenizer_reads_and_writes_the_same(kind, tmp_path):
    bundle = write_reader(tmp_path / "bundle", kind, READERS[kind])
    program = compile_program(bundle, STRICT if kind == "unigram" else CHECKED)
    model = load(bundle, threads=1)
    wanted = [one.text for one in model.translate(FAR)]
    assert run(program, "".join(f"{line}\n" for line in FAR).encode(), 0).decode().split("\n") == [
        *wanted,
        "",
    ]


def noise(count):
    """Bytes of all kinds: some UTF-8, cut and mixed with what is none."""
    draw = random.Random(7)
    whole = "".join(FAR).encode()
    for _ in range(count):
        at = draw.randrange(len(whole))
        part = bytearray(whole[at : at + draw.randint(0, 30)] + draw.randbytes(draw.randint(0, 6)))
        draw.shuffle(part) if draw.random() < 0.3 else None
        yield bytes(part).replace(b"\n", b"").replace(b"\r", b"")


@pytest.mark.parametrize(("kind", "int8"), [("bpe", True), ("unigram", False)])
def test_any_bytes_are_read_without_a_fault(kind, int8, tmp_path):
    """Under the sanitisers; what is no UTF-8 is read as the character for that."""
    search = SearchConfig(
        beam_size=2, length_penalty=0.6, coverage_penalty=0.2, no_repeat=2, min_length=3
    )
    normaliser = Normaliser(lowercase=True, final_stop="drop", hangul="jamo")
    bundle = write_reader(tmp_path / "bundle", kind, normaliser, search, int8)
    program = compile_program(bundle, CHECKED)
    lines = [*noise(400), b"a" * 800, b""]
    found = run(program, b"\n".join(lines) + b"\n", 0).decode().split("\n")
    model = load(bundle, threads=1)
    read = [line.replace(b"\0", b"").decode(errors="replace") for line in lines]
    assert found[:-1] == [one.text for one in model.translate(read)]


USER = r"""
#include "my.h"
#include <stdio.h>
int main(void)
{
    dragoman *one = dragoman_open(), *other = dragoman_open();
    const char *answer = dragoman_translate(one, "abc", 0);
    puts(answer);
    puts(dragoman_translate(other, "abc", 3));
    puts(dragoman_translate(one, "", 1));
    dragoman_close(one);
    dragoman_close(other);
    dragoman_close(0);
    return 0;
}
"""


def test_a_program_calls_three_functions(tmp_path, capfd):
    """As the header says; the command writes both files."""
    bundle = write_tiny(tmp_path / "bundle")
    assert main(["eject", str(bundle), "--to", str(tmp_path / "my.c")]) == 0
    assert "my.h" in capfd.readouterr().out
    (tmp_path / "user.c").write_text(USER)
    sources = [str(tmp_path / name) for name in ("user.c", "my.c")]
    program = tmp_path / "user"
    subprocess.run([COMPILER, *CHECKED, *sources, "-o", str(program), "-lm"], check=True)
    model = load(bundle, threads=1)
    wanted = [model.translate(["abc"], TranslateOptions(beam_size=beam))[0].text for beam in (5, 3)]
    assert run(program, b"", 0).decode().split("\n") == [*wanted, "", ""]


def test_what_cannot_be_ejected_is_refused(tmp_path):
    bundle = write_tiny(tmp_path / "bundle")
    with pytest.raises(ExportError, match=r"my\.txt: --to names a C file"):
        write_program(bundle, tmp_path / "my.txt")
    with pytest.raises(ExportError, match="is no bundle; make one"):
        write_program(tmp_path, tmp_path / "my.c")
    with pytest.raises(ExportError, match="cannot be written"):
        write_program(bundle, tmp_path / "no" / "my.c")
    other = write_tiny(tmp_path / "other", ModelConfig(embedding_size=6, hidden_size=8))
    edit(other / "config.toml", 'cell = "lstm"', 'cell = "ssru"')
    with pytest.raises(
        ExportError, match=r"model\.cell = 'ssru' cannot be ejected; known: rnn, gru, lstm"
    ):
        write_program(other, tmp_path / "my.c")
    mixed = write_tiny(
        tmp_path / "mixed", ModelConfig(decoder_cell="sru", embedding_size=6, hidden_size=8)
    )
    with pytest.raises(
        ExportError, match=r"model\.decoder_cell = 'sru' cannot be ejected; known: rnn, .*, ssru\."
    ):
        write_program(mixed, tmp_path / "my.c")
