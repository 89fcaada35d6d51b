"""Grading: what an answer's text is checked for, and how."""
