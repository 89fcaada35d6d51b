"""The Ladder screen: where each rung stands, and whether the step to it pays."""
