"""The estimators under scikit-learn's own tools."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

import dragoman
from dragoman.errors import InputError, ModelError
from dragoman.sklearn import Classifier, Tagger, Transducer

pytestmark = pytest.mark.usefixtures("unchecked")

SMALL = {
    "training.threads": 1,
    "training.ema_decay": 0.9,
    "model.embedding_size": 16,
    "model.dropout": 0.0,
    "training.learning_rate": 0.02,
    "training.batch_tokens": 60,
}
WORDS = ["ab", "cd", "ef", "gh"]
TEXTS = [f"{a} {b} {c}" for a in WORDS for b in WORDS for c in WORDS]
MOODS = np.array(["up" if "ab" in text else "down" for text in TEXTS])
TAGS = [["V" if word in WORDS[:2] else "C" for word in text.split()] for text in TEXTS]


def classifier(**params):
    return Classifier(**{"epochs": 8, "hidden_size": 16, "settings": SMALL} | params)


def tagger(**params):
    return Tagger(**{"epochs": 8, "hidden_size": 16, "settings": SMALL} | params)


# Checks that feed tables of numbers, which are no texts.
NUMBERS = {
    "check_fit_score_takes_y",
    "check_estimators_overwrite_params",
    "check_dont_overwrite_parameters",
    "check_estimators_fit_returns_self",
    "check_readonly_memmap_input",
    "check_n_features_in_after_fitting",
    "check_positive_only_tag_during_fit",
    "check_estimators_dtypes",
    "check_dtype_object",
    "check_pipeline_consistency",
    "check_f_contiguous_array_estimator",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_fit2d_1sample",
    "check_fit2d_1feature",
    "check_dict_unchanged",
    "check_fit_idempotent",
    "check_fit_check_is_fitted",
    "check_n_features_in",
    "check_fit2d_predict1d",
    "check_classifier_data_not_an_array",
    "check_classifiers_one_label",
    "check_classifiers_classes",
    "check_classifiers_train",
    "check_supervised_y_2d",
}
OTHERS = {
    "check_complex_data": "refused as any number is, in other words than those looked for",
    "check_estimators_empty_data_messages": "a text has no features to be short of",
    "check_estimators_nan_inf": "texts hold neither; numbers are refused",
    "check_estimator_sparse_tag": "texts are not sparse",
    "check_estimator_sparse_array": "texts are not sparse",
    "check_estimator_sparse_matrix": "texts are not sparse",
    "check_estimators_pickle": "feeds numbers; models are saved by `save`, without pickle",
    "check_classifiers_regression_target": "feeds numbers as texts",
    "check_requires_y_none": "feeds numbers, which are refused first",
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", [Transducer, Tagger, Classifier])
def test_scikit_learns_checks(kind):
    class Asked(kind):
        """Says that it takes tables, or else next to nothing is checked."""

        def __sklearn_tags__(self):
            tags = super().__sklearn_tags__()
            tags.input_tags.two_d_array = True
            return tags

    found = check_estimator(Asked(epochs=1), on_skip=None, on_fail=None)
    failed = {one["check_name"] for one in found if one["status"] == "failed"}
    assert failed <= NUMBERS | OTHERS.keys()
    assert sum(one["status"] == "passed" for one in found) >= 12
    check_estimator(kind(epochs=1))


class TestClassifier:
    def test_cross_validation(self):
        scores = cross_val_score(classifier(), TEXTS, MOODS, cv=2)
        assert scores.shape == (2,)
        assert scores.min() > 0.9

    def test_numbers_are_labels_too(self):
        labels = np.where(MOODS == "up", 3, -1)
        found = classifier().fit(np.array(TEXTS), labels)
        assert found.classes_.tolist() == [-1, 3]
        assert (found.predict(TEXTS) == labels).mean() > 0.9
        assert found.score(TEXTS, labels) == (found.predict(TEXTS) == labels).mean()
        table = found.predict_proba([*TEXTS[:3], ""])
        assert table.sum(axis=1) == pytest.approx(1)
        assert table[3].tolist() == [0.5, 0.5]

    def test_a_grid(self):
        grid = GridSearchCV(classifier(epochs=1), {"hidden_size": [4, 16]}, cv=2).fit(TEXTS, MOODS)
        assert grid.best_params_["hidden_size"] in (4, 16)
        assert grid.predict(TEXTS[:2]).shape == (2,)

    def test_a_pipeline(self):
        lower = FunctionTransformer(lambda texts: [text.lower() for text in texts])
        pipeline = Pipeline([("lower", lower), ("label", classifier())])
        found = pipeline.fit([text.upper() for text in TEXTS], MOODS)
        assert found.score([text.upper() for text in TEXTS], MOODS) > 0.9

    def test_save_and_load(self, tmp_path):
        found = classifier().fit(TEXTS, MOODS)
        found.save(tmp_path / "model")
        again = Classifier.load(tmp_path / "model")
        assert again.get_params() == found.get_params()
        assert again.classes_.tolist() == found.classes_.tolist()
        assert again.predict_proba(TEXTS).tolist() == found.predict_proba(TEXTS).tolist()
        assert dragoman.load(tmp_path / "model").translate(TEXTS[0]).text == MOODS[0]
        assert not list((tmp_path / "model").glob("*.p*kl*"))
        with pytest.raises(InputError, match="exists already"):
            found.save(tmp_path / "model")
        with pytest.raises(ModelError, match="saved by Classifier, not by Tagger"):
            Tagger.load(tmp_path / "model")
        (tmp_path / "model" / "estimator.json").unlink()
        with pytest.raises(ModelError, match=r"estimator.json: cannot be read"):
            Classifier.load(tmp_path / "model")

    def test_fitting_is_repeatable_and_changes_no_parameter(self):
        found = classifier(epochs=2)
        params = found.get_params()
        first = found.fit(TEXTS, MOODS).predict_proba(TEXTS)
        assert found.get_params() == params
        assert found.fit(TEXTS, MOODS).predict_proba(TEXTS).tolist() == first.tolist()
        order = np.random.default_rng(1).permutation(len(TEXTS))
        shuffled = found.predict_proba([TEXTS[n] for n in order])
        assert shuffled == pytest.approx(first[order], abs=1e-5)
        assert not hasattr(clone(found), "model_")


class TestTagger:
    def test_lists_and_strings(self):
        lists = [text.split() for text in TEXTS]
        found = tagger().fit(lists, TAGS)
        assert found.predict(lists[:2]) == found.predict(TEXTS[:2])
        assert found.score(TEXTS, [" ".join(tags) for tags in TAGS]) > 0.9

    def test_cross_validation(self):
        lists = [text.split() for text in TEXTS]
        assert cross_val_score(tagger(), lists, TAGS, cv=2).min() > 0.9

    def test_chunks_are_scored_by_f1(self):
        chunked = [["B-X" if tag == "V" else "O" for tag in tags] for tags in TAGS]
        found = tagger().fit(TEXTS, chunked)
        wrong = [["O"] * 3] * (len(TEXTS) - 1) + [["B-X"] * 3]
        assert found.score(TEXTS, chunked) > 0.9
        assert found.score(TEXTS, wrong) < 0.1

    def test_a_word_with_a_space_stays_one(self):
        found = tagger(epochs=1).fit(
            [["ab c", text] for text in [*TEXTS, "\u200b"]], [["X", "Y"]] * 65
        )
        assert len(found.predict([["ab c", "d"]])[0]) == 2


class TestTransducer:
    def test_it_learns(self):
        params = {"task": "transliterate", "epochs": 20, "hidden_size": 32, "settings": SMALL}
        words = [text.replace(" ", "") for text in TEXTS]
        upper = [word.upper() for word in words]
        found = Transducer(**params).fit(words, upper)
        assert found.score(words, upper) > 0.8
        assert found.predict(words).shape == (len(words),)
        assert cross_val_predict(
            Transducer(**params | {"epochs": 1}), words, upper, cv=2
        ).shape == (len(words),)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ("text", ["a"], "X is one str"),
        ([], [], "X is empty"),
        (["a", 3], ["b", "c"], "X holds a int, 3"),
        (["a", "b"], ["c"], "X has 2 texts, y has 1"),
        (np.zeros((2, 2)), [1, 2], "X has 2 dimensions"),
        (["a", "b"], None, "requires y to be passed, but the target y is None"),
        (["a", "b"], ["x y", "x  y"], "differ in more than white space"),
    ],
)
def test_what_cannot_be_learned_from(X, y, message):
    with pytest.raises(ValueError, match=message):
        classifier().fit(X, y)


@pytest.mark.parametrize("estimator", [Transducer(), Tagger(), Classifier()])
def test_unfitted(estimator, tmp_path):
    for call in (lambda: estimator.predict(["a"]), lambda: estimator.save(tmp_path / "out")):
        with pytest.raises(NotFittedError):
            call()
