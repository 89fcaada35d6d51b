"""The Tune screen: what is trained on, how it goes, and what came of it."""
