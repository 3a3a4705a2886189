"""Ids from a process of its own are those that are made here, also if it dies."""

import os
import signal

import pytest

from dragoman.text import apart
from dragoman.text.normalise import Normaliser
from dragoman.text.tokenizers import Tokenizer, TokenizerOptions

SRC = ["I am a student.", "Où  est-ce ?", "나는 학생입니다 .", "a ▁ b_c", "\u200b"]
TGT = ["je suis l'étudiant", "?", "\u0600 x", "ⅳ é 👩\u200d💻", "e\u0301"]
TOKENIZERS = tuple(
    Tokenizer.train(side * 3, TokenizerOptions("bpe", 60, 1, Normaliser(lowercase)))
    for side, lowercase in ((SRC, False), (TGT, True))
)
# More than a pipe holds, so that whoever writes first has to wait for the other.
CHUNKS = [(SRC * number, TGT * number) for number in (1, 4000, 2, 4000)]


def lists(found):
    return [(src.lists(), tgt.lists()) for src, tgt in found]


@pytest.fixture(scope="module")
def wanted():
    once = [
        [one.encode(text) for text in side]
        for one, side in zip(TOKENIZERS, (SRC, TGT), strict=True)
    ]
    return [tuple(rows * (len(src) // len(SRC)) for rows in once) for src, _ in CHUNKS]


@pytest.mark.parametrize("beside", [False, True])
def test_chunks_come_back_in_order(wanted, beside):
    with apart.encoding(TOKENIZERS, apart=beside) as encode:
        assert lists(encode(CHUNKS)) == wanted


def test_what_a_dead_process_was_to_do_is_done_here(wanted, monkeypatch):
    started = []
    plain = apart.subprocess.Popen

    def start(*given, **more):
        started.append(plain(*given, **more))
        return started[-1]

    def killing():
        for number, chunk in enumerate(CHUNKS):
            if number == 2:
                os.kill(started[0].pid, signal.SIGKILL)
                started[0].wait()
            yield chunk

    monkeypatch.setattr(apart.subprocess, "Popen", start)
    with apart.encoding(TOKENIZERS, apart=True) as encode:
        assert lists(encode(killing())) == wanted
    assert started[0].poll() is not None
