"""scikit-learn's interface: `Transducer`, `Tagger` and `Classifier`, for cross-validation, grids and pipelines.

::

    from sklearn.model_selection import cross_val_score
    from dragoman.sklearn import Classifier

    cross_val_score(Classifier(epochs=10), texts, labels, cv=5)

What scikit-learn checks of an estimator's manners holds (parameters, cloning, tags, being fitted). What feeds it
tables of numbers cannot hold: these read text, and refuse anything else; the tests list every check that is left out.
"""

from __future__ import annotations

try:
    import sklearn  # noqa: F401  # pyright: ignore[reportUnusedImport]
except ImportError as error:
    from dragoman.errors import MissingExtraError

    raise MissingExtraError(
        "dragoman.sklearn needs scikit-learn, which is not installed: pip install 'dragoman[train,sklearn]'"
    ) from error

from dragoman.sklearn.estimators import Classifier, Tagger, Transducer

__all__ = ["Classifier", "Tagger", "Transducer"]
