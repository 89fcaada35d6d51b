"""Where a tuned model is served, and under which name, where only the person knows that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.desk import Desk
    from store.jobs import Job
    from tui.screens.tune.following import Following

_STATE = "served"


def served(desk: Desk, job: Job) -> tuple[str, str]:
    """Return the name and the address at which a job's model is served; empty as it comes."""
    kept: Any = desk.state.get(_STATE)
    if not kept or kept.get("job") != job.id:
        return "", ""
    return str(kept.get("model", "")), str(kept.get("base_url", ""))


async def ask_served(screen: Following, job: Job) -> None:
    """Ask the person for it, and keep it with the session."""
    from tui.screens.ask_line import AskLine

    model, base_url = served(screen.desk, job)
    if job.backend == "local":
        question = "The address of the server with the tuned model; it usually ends in /v1"
        typed = await screen.app.push_screen_wait(AskLine(question, base_url))
        if not typed or not typed.strip():
            return
        base_url = typed.strip()
    what = "What the tuned model is called there" if base_url else "The tuned model's deployment"
    typed = await screen.app.push_screen_wait(AskLine(what, model))
    if not typed or not typed.strip():
        return
    screen.desk.state[_STATE] = {"job": job.id, "model": typed.strip(), "base_url": base_url}
    await screen.desk.save()
    await screen.read_after()
