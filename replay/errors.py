"""What can be wrong with one stored episode; all of them are :class:`DataError`."""

from __future__ import annotations

from browser_env.errors import DataError


class DamageError(DataError):
    """A stored file is not what was written."""


class VersionError(DataError):
    """A stored file has a format that this version of webdual does not know."""


class ConsentError(DataError):
    """A person's episode may not be read."""
