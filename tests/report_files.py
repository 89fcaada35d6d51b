"""Answers of several rungs with texts that want to be more than text, to make reports of."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path

SYSTEM = "You answer questions on contracts.\nIf you don't know, say so; `never` guess."
HOSTILE = {
    "script": "<script>alert('script')</script>",
    "image": "</title><img src=http://evil.example/x.png onerror=alert('image')>",
    "svg": "</svg></style><style>body{display:none}</style><svg onload=alert('svg')>",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "template": "{{7*7}} {% for x in y %} ${7*7}",
    "terminal": "\x1b]0;owned\x07 \x1b[31mred\x1b[0m \x9b31m",
    "bidi": "invoice \u202egnp.exe\u2066",
    "markdown": "[go](javascript:alert(1)) ![x](http://evil.example/y.png) `a` **b** | c |\n# d",
    "link": "https://evil.example/z www.evil.example <http://evil.example>",
    "entity": "&lt;b&gt; &amp; &#60;",
    "word": "Donau" * 300,
    "emoji": "👩‍🚀 नमस्ते 漢字 שלום",
    "long": "All that is known of it is this. " * 180,
}
"""Texts by name; each is asked, expected and answered."""
KEYS = [*HOSTILE, *(f"plain-{number}" for number in range(27))]


def rows(
    rung: str,
    wrong: Collection[int],
    *,
    cost: float | None = 0.001,
    keys: Sequence[str] = KEYS,
) -> list[dict[str, object]]:
    """Return a rung's answers; `wrong` are the places of the cases it gets wrong."""
    found: list[dict[str, object]] = []
    for key in keys:
        place = KEYS.index(key)
        text = HOSTILE.get(key, f"question {key}")
        passed = place not in wrong
        row: dict[str, object] = {
            "id": key,
            "prompt": f"Case {place}: {text}",
            "expected": f"It is {place}. {text}",
            "answer": f"{rung} says {'yes' if passed else 'no'} to {place}. {text}",
            "label": "pass" if passed else "fail",
            "reason": "" if passed else "mfr"[place % 3],
            "system": SYSTEM,
            "resolved_model": "gpt-<i>best</i>-2026",
            "latency_s": 1 + place / 10,
            "prompt_tokens": 100,
            "completion_tokens": 20,
        }
        found.append(row if cost is None else {**row, "cost_usd": cost})
    return found


def write(path: Path, found: list[dict[str, object]]) -> Path:
    """Write rows as JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")
    return path
