"""Fine-tuning jobs: kept whole, followed by any process, told once."""

from __future__ import annotations

import hashlib

import pytest

from store import jobs, tuned
from store.errors import NotFound
from store.jobs import JobDraft, JobEvent

FILE = '{"messages": []}\n'


def test_a_job_is_kept_with_its_very_bytes(home):
    draft = JobDraft("hosted", "openai", "gpt-x", FILE, "v\n", plan={"seed": 7})
    job = home.write(jobs.create, home.session.id, draft)
    assert (job.state, job.ended, job.cost_usd, job.plan) == ("preparing", False, None, {"seed": 7})
    assert job.training_sha256 == hashlib.sha256(FILE.encode()).hexdigest()
    assert home.read(jobs.training, job.id) == (FILE, "v\n")
    assert home.read(jobs.listed, home.session.id) == [job]


def test_an_open_job_is_found_until_it_ends_and_again_when_it_goes_on(home):
    job = home.write(jobs.create, home.session.id, JobDraft("local", "embedded", "m", FILE))
    running = home.write(jobs.update, job.id, state="running", folder="/f")
    assert home.read(jobs.open_jobs) == [running]
    ended = home.write(jobs.update, job.id, state="failed", error="The disk is full.")
    assert ended.ended and ended.finished_at
    assert (ended.folder, ended.error) == ("/f", "The disk is full.")
    assert home.read(jobs.open_jobs) == []
    again = home.write(jobs.update, job.id, state="running", error="")
    assert (again.finished_at, again.error) == (None, "")
    assert home.read(jobs.open_jobs) == [again]


def test_what_was_told_is_told_once(home):
    job = home.write(jobs.create, home.session.id, JobDraft("local", "embedded", "m", FILE))
    first = JobEvent("1", 1.0, "metrics", 5, {"loss": 0.5})
    second = JobEvent("2", 2.0, "heldout", 5, {"right": 3, "of": 10})
    assert home.write(jobs.tell, job.id, [first]) == 1
    assert home.write(jobs.tell, job.id, [first, second]) == 1
    assert home.read(jobs.events, job.id) == [first, second]
    assert home.read(jobs.events, job.id, kinds=("heldout",)) == [second]
    assert home.read(jobs.keys, job.id) == {"1", "2"}
    assert home.read(jobs.keys, job.id, ["2", "3"]) == {"2"}
    assert home.read(jobs.keys, job.id, []) == set()


def test_a_job_that_is_gone_is_told(home):
    for read in (jobs.get, jobs.training):
        with pytest.raises(NotFound, match="no longer there"):
            home.read(read, 99)


def test_hours_of_training_here_leave_out_the_time_in_which_it_was_stopped(home):
    loading = {"state": "loading"}
    local = home.write(jobs.create, home.session.id, JobDraft("local", "embedded", "m", FILE))
    told = [
        JobEvent("1", 1000.0, "status", None, loading),
        JobEvent("2", 1600.0, "metrics", 5, {"loss": 0.5}),
        JobEvent("3", 9000.0, "status", None, loading),
        JobEvent("4", 9900.0, "metrics", 6, {"loss": 0.4}),
        JobEvent("5", 10200.0, "result", None, {"state": "succeeded"}),
    ]
    assert home.write(jobs.tell, local.id, told) == 5
    elsewhere = home.write(jobs.create, home.session.id, JobDraft("hosted", "openai", "m", FILE))
    home.write(jobs.tell, elsewhere.id, told)
    assert home.read(tuned.hours, home.session.id) == (600 + 1200) / 3600
    assert home.read(tuned.hours, home.session.id + 1) == 0.0
