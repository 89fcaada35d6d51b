"""The cases that came out otherwise in a step, each with both answers."""
