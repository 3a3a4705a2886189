"""Every error that Dragoman raises on purpose.

::

    DragomanError
    ├── ConfigError       a recipe, a key, a value, a --set
    ├── DataError         a corpus: missing, unreadable, misaligned, wrongly encoded
    ├── InputError        what was given to a ready model: text, options
    ├── ModelError        a model folder: missing, damaged, of another version
    │   └── BundleError   the same of a bundle, which `dragoman export` made
    ├── ExportError       a model that has no such form as was asked for
    ├── CheckpointError   a training that cannot be resumed
    ├── PluginError       a --plugin file that does not load or enrols nothing
    └── MissingExtraError a part that is installed by an extra, such as dragoman[train]

A message is one sentence or two: what was found, where (``path:line`` or key), what was expected,
and what to do. Only ``cli`` turns these into exit codes (2), only ``server`` into HTTP status.
"""


class DragomanError(Exception):
    """The root of the tree; its text is meant for the person at the keyboard."""


class ConfigError(DragomanError):
    """A configuration that cannot be used; every fault found is listed at once."""


class DataError(DragomanError):
    """A corpus that cannot be read or is not fit to train on."""


class InputError(DragomanError):
    """An input or an option that a ready model cannot take."""


class ModelError(DragomanError):
    """A model folder that is missing, damaged, or of another version."""


class BundleError(ModelError):
    """A bundle that is missing, damaged, or of another version; every fault found is listed at once."""


class ExportError(DragomanError):
    """A model that cannot be exported, or a place that it cannot be exported to."""


class CheckpointError(ModelError):
    """A checkpoint from which training cannot go on."""


class PluginError(DragomanError):
    """A plugin file that fails to load, or that adds nothing."""


class MissingExtraError(DragomanError):
    """A feature whose optional dependency is not installed."""
