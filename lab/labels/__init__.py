"""The label queue: what is shown next to the person who judges, and what comes of it."""
