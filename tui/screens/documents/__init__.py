"""The Documents screen: what there is to read, its text, and a search to play with."""
