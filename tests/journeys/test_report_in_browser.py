"""The HTML report in a real browser: it is seen, it asks for nothing, and text stays text."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.visible import visible
from tests.report_files import HOSTILE, KEYS, rows, write

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# None of its own errands either: what it asks for, the page asked for.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium; without one the test is skipped, but not where it is needed."""
    named = os.environ.get("LITMUS_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        reason = "no Chromium is installed; LITMUS_CHROMIUM can name one"
        if os.environ.get("LITMUS_NEEDS_CHROMIUM"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield started
        started.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of two rungs on hostile cases, made by the command line."""
    folder = tmp_path_factory.mktemp("report")
    env = {
        **{name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ},
        "HOME": str(folder),
        "LITMUS_HOME": str(folder / "home"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)]),
    }

    def litmus(*arguments: str | Path) -> None:
        command = [sys.executable, "-m", "tui.cli", *map(str, arguments)]
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr

    litmus("new", f"one {HOSTILE['script']}", "--task", HOSTILE["image"])
    for rung, wrong in (("bare", range(28)), ("context", (30, 31))):
        litmus(
            *("answers", "import", write(folder / f"{rung}.jsonl", rows(rung, wrong))),
            *("--rung", rung, "--model", HOSTILE["svg"]),
        )
    litmus("report", "out.html")
    return folder / "out.html"


class Watched:
    """A page that was opened, and what it did meanwhile."""

    def __init__(self, browser: Any, report: Path, **settings: Any) -> None:
        self.page = browser.new_page(**settings)
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("dialog", self._dialog)
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.goto(report.as_uri(), wait_until="load")

    def _dialog(self, dialog: Any) -> None:
        self.said.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def open_everything(self) -> None:
        """Open all that can be opened, as a reader would."""
        for summary in self.page.locator("summary").all():
            if not summary.evaluate("e => e.parentElement.open"):
                summary.evaluate("e => e.click()")


@pytest.fixture
def opened(browser: Any, report: Path) -> Iterator[Watched]:
    watched = Watched(browser, report, viewport={"width": 1200, "height": 800})
    yield watched
    watched.page.close()


def test_nothing_is_asked_for_but_the_file(opened: Watched, report: Path) -> None:
    opened.open_everything()
    opened.page.emulate_media(media="print")
    opened.page.screenshot(full_page=True)
    assert opened.asked == [report.as_uri()]
    assert opened.said == []
    assert opened.page.locator("script, img, link, iframe, object, embed, a").count() == 0


def test_no_script_would_run_if_there_were_one(opened: Watched, report: Path) -> None:
    """What the page's policy forbids is forbidden: the last line, should escaping fail."""
    bad = report.with_name("bad.html")
    text = report.read_text("utf-8").replace(
        "<main>", "<main><script>document.title='ran'</script><img src='http://127.0.0.1:9/x'>"
    )
    bad.write_text(text, encoding="utf-8")
    opened.asked.clear()
    opened.page.goto(bad.as_uri(), wait_until="load")
    assert opened.page.title() != "ran"
    assert not opened.page.evaluate("document.images[0].naturalWidth")
    assert sum("Content Security Policy" in said for said in opened.said) == 2


def test_hostile_text_is_there_as_text(opened: Watched) -> None:
    opened.open_everything()
    for name, text in HOSTILE.items():
        case = opened.page.locator("article", has=opened.page.get_by_text(name, exact=True))
        assert case.count() == 1
        whole = visible(f"context says yes to {KEYS.index(name)}. {text}").strip()
        assert whole in case.inner_text(), name
    assert opened.said == []


def test_the_verdict_is_seen_at_once(opened: Watched) -> None:
    verdict = opened.page.locator(".verdict")
    assert verdict.locator(".loud").inner_text() == "▲ CLIMB from bare to context"
    box = verdict.bounding_box()
    assert box["y"] >= 0 and box["y"] + box["height"] < 800
    sizes = opened.page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3, p, td, dd')].map(e =>"
        " [parseFloat(getComputedStyle(e).fontSize), e.className])"
    )
    assert max(sizes)[1] == "loud"
    assert opened.page.title() == f"one {HOSTILE['script']}: CLIMB from bare to context"


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (768, "dark"), (1200, "dark")])
def test_it_fits_and_is_seen(browser: Any, report: Path, width: int, scheme: str) -> None:
    watched = Watched(
        browser, report, viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    watched.open_everything()
    page = watched.page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # No text of a drawing runs over the page's edges.
    sides = page.evaluate(
        "[...document.querySelectorAll('svg text')].map(e => e.getBoundingClientRect())"
        ".map(r => [r.left, r.right])"
    )
    assert sides and min(left for left, _ in sides) >= 0
    assert max(right for _, right in sides) <= width
    assert len(page.screenshot()) > 10_000
    page.close()
    assert watched.said == []


def test_it_prints_with_everything_open(opened: Watched, tmp_path: Path) -> None:
    path = tmp_path / "out.pdf"
    opened.page.pdf(path=path, prefer_css_page_size=True)
    from pypdf import PdfReader

    reader = PdfReader(path)
    pages = [page.extract_text() for page in reader.pages]
    assert "CLIMB from bare to context" in pages[0]
    whole = " ".join(" ".join(pages).split())
    for part in ("What it rests on", "Chance that it pays", "Gained: 28", "context says yes to 5"):
        assert part in whole, part
    assert 3 <= len(pages) <= 20
    width, height = (float(side) for side in reader.pages[0].mediabox.upper_right)
    assert (round(width), round(height)) == (595, 842)
