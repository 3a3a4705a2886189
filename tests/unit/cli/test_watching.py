import io
import sys

from dragoman.cli.watching import watch


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_log_gets_whole_lines_and_few(capsys):
    show = watch("said")
    for done in range(0, 1001, 100):
        show(done, 1000)
    assert capsys.readouterr().err == "said 1,000 of 1,000\n"


def test_a_terminal_gets_one_line_that_ends(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    show = watch("said")
    for done in (0, 500, 1000):
        show(done, 1000)
    shown = sys.stderr.getvalue()
    assert shown.count("\n") == 1
    assert shown.endswith("\r\x1b[Ksaid 1,000 of 1,000\n")
    assert shown.startswith("\r\x1b[Ksaid 0 of 1,000\r")
