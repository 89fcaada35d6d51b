"""What can go wrong, told to a person: each message is one plain sentence."""


class PlainError(Exception):
    """A fault that is told as it stands; `str()` says what is wrong and what to do."""


class StoreError(PlainError):
    """Litmus cannot keep or read its data."""


class NotFound(StoreError):
    """Something was asked for by a name that nothing has."""


class Conflict(StoreError):
    """Something is there already under this name."""
