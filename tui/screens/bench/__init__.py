"""The bench, in the order in which it is built up: place, verdicts, screen; and its helpers."""
