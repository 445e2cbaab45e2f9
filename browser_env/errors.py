"""The exception tree of the project."""

from __future__ import annotations


class WebdualError(Exception):
    """The root of every error that webdual raises on purpose; its message says what to do."""


class UsageError(WebdualError):
    """The caller asked for something that cannot be: an unknown task, a malformed action."""


class ActionError(UsageError):
    """An action that cannot be parsed or carried out; becomes the next observation's error."""


class ClosedError(UsageError):
    """An address is not to be opened: its site, or who asks, does not want it."""

    def __init__(self, url: str, reason: str):
        super().__init__(f"{url[:200]} {reason}; leave it out")
        self.reason = reason  # the same for all of its kind


class InfraError(WebdualError):
    """Browser, network or machine failed; never the policy's doing."""


class BrowserMissingError(InfraError):
    """No usable Chromium was found."""


class BrowserCrashedError(InfraError):
    """The browser, its page or its process went away."""


class DivergedError(InfraError):
    """Replaying a prefix led to another state than it did when it was recorded."""


class DocumentGoneError(InfraError):
    """The document was replaced while it was being read; ask again."""


class DialogOpenError(WebdualError):
    """The page shows a JavaScript dialog and stands still until it is answered."""


class BlockedError(WebdualError):
    """A safety rule refused what was asked; ``address`` says what, where the guard has not noted it already."""

    def __init__(self, message: str, *, address: str = ""):
        super().__init__(message)
        self.address = address


class DataError(WebdualError):
    """Data on disk is broken, of an unknown version, or not allowed to be read."""
