"""The demo's models are those of the recipes, which a wheel does not carry."""

from pathlib import Path

import pytest

from dragoman.config import load_config
from dragoman.demo import LESSONS

RECIPES = Path(__file__).parents[2] / "recipes"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_a_lesson_is_its_recipe_but_for_the_time(lesson):
    recipe, taught = load_config(RECIPES / f"{lesson.name}.toml"), lesson.config()
    assert (taught.data, taught.text, taught.model) == (recipe.data, recipe.text, recipe.model)
    assert taught.training.model_copy(update={"epochs": recipe.training.epochs}) == recipe.training
