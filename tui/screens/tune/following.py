"""How the Tune screen follows a training, whoever started it, and reads what came of it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from textual import work
from textual.timer import Timer

from lab.tuning.course import Course
from lab.tuning.jobs import JobChanged, JobNoticed, JobTold, TuningEvent
from store import jobs as kept
from store.jobs import Job, JobEvent
from tui.screens.tune.after import After, read_after
from tui.screens.tune.looking import Looking
from tui.screens.tune.serving import served
from tui.screens.tune.words import said_here
from tui.trainings import NoLongerFollowed

SOON_S = 0.1
"""How long a change waits for others, so that a burst of them is drawn once."""
PAUSE_S = 1.0
CATCH_UP_S, CATCH_UP_SHARE = 3.0, 20
"""What other processes keep is read after so many seconds, and so many times as long as before."""
SHARE = 4
"""What came of it is read after so many seconds, and so many times as long as it took before."""


class Following(Looking):
    """Hears what trainings tell, and keeps the one that is shown true."""

    def __init__(self, *args, **more) -> None:
        super().__init__(*args, **more)
        self._turn = asyncio.Lock()
        self._arrived: list[tuple[int, JobEvent]] | None = None
        self._showing: Timer | None = None
        self._due: Timer | None = None
        self._took = self._caught_up = self._caught_up_in = 0.0

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(CATCH_UP_S, self._catch_up_soon)
        self.trainings.listen(self._heard)
        self._open()

    def on_unmount(self) -> None:
        super().on_unmount()
        self.trainings.unlisten(self._heard)

    @work(group="jobs")
    async def _open(self) -> None:
        await self.read_jobs()
        if self.job is not None:
            self.page = "job"
            self.show()
        self.look()

    # -- Reading ----------------------------------------------------------------------

    async def read_jobs(self, job_id: int | None = None) -> None:
        """Read the session's trainings; show one, else the one that is shown, else the newest."""
        async with self._turn:
            self._arrived = []
            try:
                read, session_id = self.desk.database.read, self.desk.session.id
                self._take(await read(kept.listed, session_id))
                wanted = job_id or (self.job.id if self.job else 0)
                newest = self.jobs[0] if self.jobs else None
                job = next((each for each in self.jobs if each.id == wanted), newest)
                course = Course()
                if job is not None:
                    told = await read(kept.events, job.id)
                    minutes = job.plan.get("options", {}).get("max_minutes", 0.0)
                    course = await asyncio.to_thread(Course, told, max_minutes=minutes)
                    for at, sentence in self.trainings.notices(job.id):
                        course.note(at, said_here(sentence), wrong=True)
                for job_id, event in self._arrived:
                    if job is not None and job_id == job.id:
                        course.add(event)
            finally:
                self._arrived = None
            if self.job is None or job is None or job.id != self.job.id:
                self.after = None
            # It may stand otherwise by now than when its events were asked for.
            self.job = next((each for each in self.jobs if job and each.id == job.id), None)
            self.course = course
        self._follow_open()
        self.show()
        await self.read_after()

    def _take(self, found: list[Job]) -> None:
        """Take a list of trainings that was read; what was heard meanwhile may be newer."""
        known = {each.id: each for each in self.jobs}
        self.jobs = [
            max(each, known.get(each.id, each), key=lambda job: job.updated_at) for each in found
        ]

    def _follow_open(self) -> None:
        """Follow what goes on and is not followed: another process may have started it."""
        for job in self.jobs:
            if not job.ended and job.state != "preparing" and not self.trainings.why(job.id):
                self.trainings.follow(job)

    def _catch_up_soon(self) -> None:
        rest = CATCH_UP_SHARE * self._caught_up_in
        if self.app.screen is self and time.monotonic() - self._caught_up >= max(CATCH_UP_S, rest):
            self._caught_up = time.monotonic()
            self._catch_up()

    @work(group="jobs", exclusive=False)
    async def _catch_up(self) -> None:
        """Take in what another process has kept: who keeps it first is the only one to tell it."""
        began = time.monotonic()
        found = await self.desk.database.read(kept.listed, self.desk.session.id)
        before = {each.id: each.state for each in self.jobs}
        self._take(found)
        if before != {each.id: each.state for each in self.jobs}:
            await self._read_again_now()
        elif self.job is not None and not self.job.ended:
            job = self.job
            told, course = await self.desk.database.read(kept.events, job.id), self.course
            if self.job is job:
                for event in told:
                    course.add(event)
            self.show_soon()
        self._caught_up_in = time.monotonic() - began

    async def read_after(self) -> None:
        """Read what came of the newest training that succeeded, where that one is shown."""
        done = next((job for job in self.jobs if job.state == "succeeded"), None)
        if done is None or self.job is None or self.job.id != done.id:
            self.after = None
            return
        began = time.monotonic()
        found = await read_after(self.desk, done, *served(self.desk, done))
        self._took = time.monotonic() - began
        if self.job is not None and self.job.id == done.id and self.is_attached:
            self.after = self._asking(found)
            self.show()

    def _asking(self, found: After) -> After:
        return replace(found, asking=self.bench.asks_tests)

    # -- Hearing ----------------------------------------------------------------------

    def _heard(self, event: TuningEvent | NoLongerFollowed) -> bool:
        """Take in what a training tells; return whether the person sees it here."""
        if isinstance(event, NoLongerFollowed):
            if event.job_id not in [job.id for job in self.jobs]:
                return False
            self._read_again()
            return self._is_shown(event.job_id)
        job = event.job
        if job.session_id != self.desk.session.id:
            return False
        if job.id not in [each.id for each in self.jobs]:
            self._read_again()
            return False
        match event:
            case JobChanged():
                self._changed(job)
            case JobTold(_, told):
                if self._arrived is not None:
                    self._arrived.append((job.id, told))
                if self.job is not None and self.job.id == job.id:
                    self.course.add(told)
            case JobNoticed(_, sentence) if self.job is not None and self.job.id == job.id:
                self.course.note(time.time(), said_here(sentence), wrong=True)
            case _:
                pass
        self.show_soon()
        return self._is_shown(job.id)

    def _is_shown(self, job_id: int) -> bool:
        here = self.page == "job" and self.job is not None and self.job.id == job_id
        return here and self.is_attached and self.app.screen is self

    def _changed(self, job: Job) -> None:
        self.jobs = [job if each.id == job.id else each for each in self.jobs]
        if self.job is not None and self.job.id == job.id:
            self.job = job

    @work(group="jobs")
    async def _read_again(self) -> None:
        await self._read_again_now()

    async def _read_again_now(self) -> None:
        await self.read_jobs()
        await self._plan_again()

    def show_soon(self) -> None:
        """Show how things stand; a burst of changes is drawn once."""
        if self._showing is None and self.is_attached:
            self._showing = self.set_timer(SOON_S, self._show_now)

    def _show_now(self) -> None:
        self._showing = None
        self.show()

    def after_soon(self) -> None:
        """Read soon what came of it: answers or labels have come in below."""
        if self._due is None and self.after is not None and self.is_attached:
            self._due = self.set_timer(max(PAUSE_S, SHARE * self._took), self._after_beside)

    @work(group="after")
    async def _after_beside(self) -> None:
        self._due = None
        await self.read_after()
