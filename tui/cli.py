"""The `litmus` command: what it takes, and how it ends.

Exit status: 0 fine, 1 the answer is "no" or not everything was done, 2 a usage or input
error in one line on stderr, 130 interrupted.
"""

from __future__ import annotations

import sys

OK, NO, WRONG, INTERRUPTED = 0, 1, 2, 130


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments in (["--version"], ["-V"]):
        from tui import __version__

        sys.stdout.write(f"litmus {__version__}\n")
        return OK
    from store.errors import PlainError
    from tui.verbs import output

    output.prepare()
    try:
        status = _dispatch(arguments)
        output.flush()
        return status
    except PlainError as error:
        output.complain(str(error))
        return WRONG
    except KeyboardInterrupt:
        output.complain("Stopped; what has come is kept.")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away, as `head` does; there is nobody to tell.
        return OK


def _dispatch(arguments: list[str]) -> int:
    if arguments in ([], ["resume"]):  # what opens the app need not wait for the parser
        from store.home import home
        from tui.verbs.app import open_app

        return open_app(home(None), resume=bool(arguments))
    from importlib import import_module

    from tui.verbs.parser import parse

    options = parse(arguments)
    module, function = options.call.split(":")
    status: int = getattr(import_module(f"tui.verbs.{module}"), function)(options)
    return status


if __name__ == "__main__":
    sys.exit(main())
