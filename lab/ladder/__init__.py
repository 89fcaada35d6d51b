"""The ladder: where each rung stands, and whether the next one is worth its price."""
