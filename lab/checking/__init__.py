"""What is wrong with a benchmark itself, each kind of finding in a small module of its own."""
