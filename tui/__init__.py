"""What a person sees: the `litmus` command, the app, its screens and widgets."""

__version__ = "0.5.0"
