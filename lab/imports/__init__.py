"""Benchmarks and answers from files, taken into a session."""
