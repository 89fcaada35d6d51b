"""What is trained on: examples of the train cases, and that nothing tested is in them."""
