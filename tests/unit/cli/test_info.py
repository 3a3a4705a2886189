import json

from dragoman.cli.main import main


def test_info(model, capsys):
    assert main(["info", str(model)]) == 0
    said = capsys.readouterr().out
    assert "lstm 16" in said
    assert "hidden_size = 16" in said
    assert main(["info", str(model), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["config"]["model"]["hidden_size"] == 16
    assert found["num_weights"] > 0
