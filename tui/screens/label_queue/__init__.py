"""The label queue: one answer at a time, one key for its verdict."""
