"""What can go wrong with what is kept. Each message is one plain sentence."""


class StoreError(Exception):
    """Litmus cannot keep or read its data; the message says why and what to do."""


class NotFound(StoreError):
    """Something was asked for by a name that nothing has."""


class Conflict(StoreError):
    """Something is there already under this name."""
