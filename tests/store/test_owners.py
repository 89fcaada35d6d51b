"""What a process that was killed had streamed is found again; a living one's is left alone."""

from __future__ import annotations

import pytest

from store import owners, runs, sessions, upkeep
from store.owners import Owner

STREAM = """
import sys
from pathlib import Path
from store import runs
from store.database import Database
from store.owners import Owner
home, run, variant, case, revision = Path(sys.argv[1]), *map(int, sys.argv[2:])
database, owner = Database(home), Owner(home)
asked = [
    database.write_now(
        runs.ask, run_id=run, variant_id=variant, case_id=case, revision_id=revision,
        epoch=epoch, attempt=1, owner=owner.name, sent_hash="sent",
    )
    for epoch in (1, 2, 3)
]
database.write_now(runs.finish, asked[0], runs.Finish("done", "a whole answer", cost_usd=0.5))
for text in ("The capital ", "of France\\0 is "):
    database.write_now(runs.journal, [(asked[1], text, "think ")])
print(owner.name, flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def streaming(home, child):
    """A process that has one answer whole, one on its way and one without a token yet."""
    (case,) = home.cases("What is the capital?")
    variant = home.variant()
    run = home.run(variant)
    process = child(STREAM, home.folder, run, variant.id, case.id, case.revision_id)
    name = process.stdout.readline().strip()
    assert name, process.stderr.read()
    return process, name, run


def test_a_killed_process_leaves_its_answers_as_interrupted(home, streaming):
    process, name, run = streaming
    assert home.write(owners.recover, home.folder) == 0
    assert [a.status for a in home.read(runs.answers_of_run, run)] == ["done", "asking", "asking"]

    process.kill()
    process.wait()
    assert home.write(owners.recover, home.folder) == 2
    whole, begun, silent = home.read(runs.answers_of_run, run)
    assert (whole.status, whole.text) == ("done", "a whole answer")
    assert (begun.status, begun.text) == ("interrupted", "The capital of France\0 is ")
    assert begun.reasoning == "think think "
    assert (silent.status, silent.text) == ("interrupted", "")
    assert home.read(sessions.spent, home.session.id) == (0.5, 1)
    assert home.rows("SELECT count(*) FROM journal") == [(0,)]
    assert not (home.folder / "owners" / name).exists()
    assert home.write(owners.recover, home.folder) == 0
    assert home.read(upkeep.integrity) == []


def test_what_the_kill_left_is_recovered_without_its_lock_file(home, streaming):
    process, name, _ = streaming
    process.kill()
    process.wait()
    (home.folder / "owners" / name).unlink()
    assert home.write(owners.recover, home.folder) == 2


def test_this_process_s_own_answers_are_left_alone_until_it_lets_go(home):
    (case,) = home.cases("a prompt")
    owner = Owner(home.folder)
    answer = home.ask(case, owner=owner.name)
    assert home.write(owners.recover, home.folder) == 0
    owner.release()
    assert not list((home.folder / "owners").iterdir())
    assert home.write(owners.recover, home.folder) == 1
    assert home.read(runs.get, answer).status == "interrupted"
