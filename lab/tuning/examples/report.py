"""A session's dataset with all that is found of it: what the command line and a screen show."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.tuning.examples.checks import Finding, check
from lab.tuning.examples.dataset import Dataset, Format, Recipe, Source, build
from lab.tuning.examples.leakage import Firewall, Leak, order
from store import training
from store.errors import PlainError

if TYPE_CHECKING:
    from lab.desk import Desk

Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it, and of how much; may raise Stopped."""


@dataclass(frozen=True, slots=True)
class Report:
    """A dataset, its leaks and findings, the gravest first.

    `not_by_meaning` says why prompts were not compared by their meaning; empty where they
    were.
    """

    dataset: Dataset
    leaks: tuple[Leak, ...]
    findings: tuple[Finding, ...]
    not_by_meaning: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing forbids training."""
        return all(finding.severity != "must" for finding in self.findings)


def quiet(what: str, done: int, of: int) -> None:
    """Show no progress."""


async def recipe_for(desk: Desk, format: Format = "sft", source: Source | None = None) -> Recipe:
    """Return a recipe with the session's system prompt, for its model.

    Nothing is asked and nothing is started to know the model's window.
    """
    setup = desk.setup
    if setup is None:
        return Recipe(format, source)
    window = await desk.engine.known_window(setup)
    return Recipe(format, source, setup.system, setup.model, setup.provider, window)


async def examine(
    desk: Desk, recipe: Recipe, progress: Progress = quiet, *, by_meaning: bool = True
) -> Report:
    """Make the dataset, look for leaks, check it.

    Prompts are compared by their meaning where `by_meaning` says so and MiniLM's weights are
    here already; nothing is downloaded for it.
    """
    material = await desk.database.read(training.material, desk.session.id)
    dataset = await asyncio.to_thread(build, material, recipe)
    leaks: list[Leak] = []
    reason = "there is nothing to compare"
    if dataset.examples and dataset.tests:
        firewall = await asyncio.to_thread(Firewall, dataset)
        leaks = await asyncio.to_thread(
            firewall.look, lambda done, of: progress("Compared examples", done, of)
        )
        reason = "not asked for"
        if by_meaning:
            more, reason = await _by_meaning(desk, firewall, progress)
            told = {(leak.train.id, leak.test.id) for leak in leaks}
            leaks += [leak for leak in more if (leak.train.id, leak.test.id) not in told]
            leaks.sort(key=order)
    findings = await asyncio.to_thread(check, dataset, leaks)
    return Report(dataset, tuple(leaks), tuple(findings), reason)


async def _by_meaning(desk: Desk, firewall: Firewall, progress: Progress) -> tuple[list[Leak], str]:
    """Return the leaks by meaning, and why there are none to be had where that is so."""
    from lab.rag.embeddings import EmbeddedEmbeddings
    from lab.tuning.examples import meaning
    from lab.weights import MINILM, have_weights

    if not await asyncio.to_thread(have_weights, MINILM):
        return [], "MiniLM's weights are not here; `litmus docs promote` fetches them"
    try:
        embeddings = EmbeddedEmbeddings(await desk.engine.library.embedder())
        return await meaning.look(
            firewall, embeddings, lambda done, of: progress("Embedded prompts", done, of)
        ), ""
    except PlainError as error:
        return [], str(error).rstrip(".")
