"""`litmus models` and `litmus doctor`: what can be asked, and whether all is well."""

from __future__ import annotations

import argparse
import importlib.util
import platform
from dataclasses import dataclass

from lab import providers, weights
from lab.engine import Engine
from store.errors import PlainError
from store.upkeep import integrity
from tui import __version__
from tui.verbs import index_check, output
from tui.verbs.working import with_engine


def models(options: argparse.Namespace) -> int:
    """List the models of a provider, or of every provider that was found."""

    async def work(engine: Engine) -> int:
        if options.provider or options.base_url:
            asked = [(options.provider or "custom", options.base_url or "")]
        else:
            asked = await engine.found()
        listed: list[dict[str, object]] = []
        failures: list[str] = []
        for provider, base_url in asked:
            try:
                offered = await engine.models(provider, base_url)
            except PlainError as error:
                # One provider that cannot be asked must not hide the others.
                if len(asked) == 1:
                    raise
                failures.append(str(error))
                continue
            listed += [
                {"provider": provider, "model": item.id, "window": item.window} for item in offered
            ]
        if options.json:
            output.data({"models": listed})
        elif listed:
            rows = [("provider", "model", "window")]
            rows += [
                (str(row["provider"]), str(row["model"]), str(row["window"] or "–"))
                for row in listed
            ]
            output.table(rows, right=(2,))
        for failure in failures:
            output.complain(failure)
        if not asked:
            output.complain(engine.nothing_found())
        elif not listed and not failures:
            output.complain(f"{asked[0][0]} lists no model; load one there.")
        return 0 if listed else 1

    return with_engine(options, work)


@dataclass(frozen=True, slots=True)
class _Check:
    name: str
    ok: bool
    detail: str
    needed: bool = False


def _glyph(check: _Check) -> str:
    return "✓" if check.ok else "✗" if check.needed else "–"


def _weights(name: str, source: weights.Source) -> _Check:
    path = str(weights.weights_path(source))
    lack = weights.missing_weights(source)
    if lack and source.own is None:
        lack = f"not here yet; they are fetched at first use ({source.wheel_bytes / 1e6:.0f} MB)"
    return _Check(name, lack is None, lack or path)


def doctor(options: argparse.Namespace) -> int:
    """Look at everything that Litmus rests on; exit 1 when something needed is broken."""

    async def work(engine: Engine) -> int:
        faults = await engine.database.read(integrity)
        keys = [preset.label for preset in providers.found()]
        servers = await providers.detect_local()
        extra = importlib.util.find_spec("xllamacpp") is not None
        checks = [
            _Check("litmus", True, f"{__version__} on Python {platform.python_version()}"),
            _Check(
                "database",
                not faults,
                f"{engine.database.path}" + (f": {faults[0]}" if faults else ""),
                needed=True,
            ),
            _Check("keys", bool(keys), ", ".join(keys) or "none in the environment"),
            _Check(
                "local servers",
                bool(servers),
                ", ".join(f"{item.provider} ({len(item.models)} models)" for item in servers)
                or "none is listening",
            ),
            _Check(
                "embedded model",
                extra,
                "installed" if extra else "not installed: pip install 'litmus-bench[embedded]'",
            ),
            _weights("weights", weights.SMOLLM2),
            _weights("embedding weights", weights.MINILM),
            _Check("index", *await index_check.look(engine)),
        ]
        if options.json:
            output.data(
                {
                    "checks": [
                        {"name": item.name, "ok": item.ok, "detail": item.detail} for item in checks
                    ]
                }
            )
        else:
            output.table([(_glyph(check), check.name, check.detail) for check in checks])
            if not (keys or servers or extra):
                output.say(engine.nothing_found())
        return 0 if all(item.ok for item in checks if item.needed) else 1

    return with_engine(options, work)
