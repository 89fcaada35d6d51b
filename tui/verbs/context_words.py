"""The words of the command line for the context: `docs attach`, `detach` and `order`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

_CASE = "for this case only, and not for the others"


def context_words(
    group: Any,
    one: argparse.ArgumentParser,
    json: argparse.ArgumentParser,
    name: Callable[[str], str],
) -> None:
    """Add the verbs to the group `docs`; `name` reads a word that must not be empty."""
    attach = group.add_parser("attach", parents=[one, json], help="put into the context")
    attach.add_argument("names", metavar="NAME", nargs="+", type=name)
    attach.add_argument(
        "--pages", metavar="PAGES", type=name, help="only these, such as 1-3,7; all for all again"
    )
    attach.add_argument("--case", metavar="ID", type=name, help=_CASE)
    attach.set_defaults(call="context:attach")

    detach = group.add_parser("detach", parents=[one, json], help="take out of the context")
    detach.add_argument("names", metavar="NAME", nargs="+", type=name)
    detach.add_argument("--case", metavar="ID", type=name, help=_CASE)
    detach.set_defaults(call="context:detach")

    order = group.add_parser(
        "order", parents=[one, json], help="put documents first in the context, in this order"
    )
    order.add_argument("names", metavar="NAME", nargs="+", type=name)
    order.set_defaults(call="context:order")
