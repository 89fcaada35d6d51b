"""The judge: a model that grades answers, and what its word is worth."""
