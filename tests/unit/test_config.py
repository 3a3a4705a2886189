"""Recipes: read, overridden, refused with every fault at once, written and read back."""

import ast
import inspect
from itertools import pairwise

import pytest

from dragoman import config
from dragoman.config import Config, ModelConfig, build_config, dump_config, load_config
from dragoman.errors import ConfigError
from dragoman.tables import check_config


def test_every_setting_is_documented():
    """Pydantic would read them, too, but it takes longer to start than all else that a translation needs."""
    undocumented: list[str] = []
    settings: list[str] = []
    for section in ast.parse(inspect.getsource(config)).body:
        if not (isinstance(section, ast.ClassDef) and ast.unparse(section.bases[0]) == "Section"):
            continue
        for setting, after in pairwise([*section.body, ast.Pass()]):
            if isinstance(setting, ast.AnnAssign):
                settings.append(ast.unparse(setting.target))
                told = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
                undocumented += [] if told else [f"{section.name}.{settings[-1]}"]
    assert undocumented == []
    assert set(Config.model_fields) | set(ModelConfig.model_fields) <= set(settings)


def test_dump_reads_back_equal(tmp_path):
    config = build_config({"training": {"progress": [[0, 0.0, 1 / 3], [7, 0.1 + 0.2, 1e-9]]}})
    path = tmp_path / "resolved.toml"
    path.write_text(dump_config(config), encoding="utf-8")
    assert load_config(path) == config


def test_overrides_are_toml_or_bare_words():
    config = build_config({}, ["model.cell=gru", "training.epochs=2.5", 'data.train=["a", "b"]'])
    assert (config.model.cell, config.training.epochs, config.data.train) == (
        "gru",
        2.5,
        ["a", "b"],
    )


@pytest.mark.parametrize("recipe", [{"minutes": 30.0}, {"steps": 500}, {"epochs": 4.0}])
@pytest.mark.parametrize(("key", "value"), [("minutes", 7.0), ("steps", 7), ("epochs", 7.0)])
def test_how_long_is_said_by_who_speaks_last(recipe, key, value):
    """Or a recipe's minutes would win over the steps that a user asks for."""
    config = build_config({"training": recipe | {"seed": 5}}, [f"training.{key}={value}"]).training
    lengths = {"minutes": None, "steps": None} | {key: value}
    assert {name: getattr(config, name) for name in lengths} == lengths
    assert config.seed == 5
    (said,) = recipe.items()
    untouched = build_config({"training": recipe}, ["training.seed=5"]).training
    assert getattr(untouched, said[0]) == said[1]


def test_unknown_key_names_its_neighbour():
    with pytest.raises(ConfigError, match=r"model\.hiden_size; did you mean 'hidden_size'"):
        build_config({"model": {"hiden_size": 3}})


def test_all_faults_are_reported_at_once():
    with pytest.raises(ConfigError) as caught:
        build_config({"model": {"dropout": 1.5, "oops": 1}, "training": {"seed": -1}})
    message = str(caught.value)
    assert message.count("\n") == 2
    assert all(key in message for key in ("model.dropout", "model.oops", "training.seed"))


@pytest.mark.parametrize("text", ["model.cell", "=3", "model.cell.deep=1"])
def test_bad_override_is_refused(text):
    with pytest.raises(ConfigError, match=r"--set|cell"):
        build_config({"model": {"cell": "gru"}}, [text])


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"cell": "lsmt"}, "did you mean 'lstm'"),
        ({"attention": "aditive"}, "did you mean 'additive'"),
        ({"hidden_size": 7}, "must be even"),
        ({"tie_embeddings": True}, "text.shared"),
        ({"attention": "multihead", "attention_heads": 3, "hidden_size": 8}, "must divide"),
        (
            {"attention": "multihead-additive", "attention_heads": 3, "hidden_size": 8},
            "must divide",
        ),
        ({"cell": "ssru", "transitions": 2}, r"rnn, gru, lstm.*; this has ssru"),
        ({"cell": "lnlstm", "zoneout": 0.1}, "this has lnlstm"),
        ({"attention": "none", "input_feeding": True}, "needs an attention"),
        (
            {
                "attention": "multihead",
                "attention_heads": 4,
                "embedding_size": 6,
                "word_memory": True,
            },
            "must divide model.embedding_size = 6",
        ),
        ({"context_words": 1, "word_memory": True}, "set one"),
    ],
)
def test_settings_that_do_not_go_together(model, expected):
    with pytest.raises(ConfigError, match=expected):
        check_config(Config(model=ModelConfig(**model)))


def test_missing_recipe_and_bad_toml(tmp_path):
    with pytest.raises(ConfigError, match="no such recipe"):
        load_config(tmp_path / "none.toml")
    bad = tmp_path / "bad.toml"
    bad.write_text("model = [", encoding="utf-8")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_config(bad)


def test_recipes_of_the_repository_are_valid():
    from pathlib import Path

    recipes = sorted((Path(__file__).parents[2] / "recipes").glob("*.toml"))
    assert recipes
    for recipe in recipes:
        check_config(load_config(recipe))
