"""The experiment: ask, grade, compare, climb. No Textual and no SQL."""
