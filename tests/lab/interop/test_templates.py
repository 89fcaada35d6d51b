"""Templates: what is filled in, what is told, and that none can hang or reach out."""

from __future__ import annotations

import pytest

from lab.interop.templates import linked, render


def rendered(text: str, **values: object) -> tuple[str, list[str]]:
    told: list[str] = []
    return render(text, values, told.append), told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{x}} {{ o.a }} {{l}}", "q 1 1,2"),
        ("{{ x | upper }}{{ x | default('z') }}{{ gone | default('z') }}", "Qqz"),
        ("{{ l | join('-') }} {{ l | length }} {{ l.length }} {{ l | first }}", "1-2 2 2 1"),
        ("{{ o | dump }} {{ 1.25 | round(1) }}", '{"a": 1} 1.2'),
        ("{% for i in l %}{{ loop.index }}:{{ i }};{% endfor %}", "1:1;2:2;"),
        ("{% for k, v in o %}{{ k }}={{ v }}{% endfor %}", "a=1"),
        ("{% if x == 'q' and not no %}yes{% else %}no{% endif %}", "yes"),
        ("a{# hidden #}b\n", "ab\n"),
        ('{% raw %}{{x}}{% endraw %}{{ "{{" }}', "{{x}}{{"),
        ("{{ true }}{{ none }}{{ l[1] }}{{ o['a'] }}", "true21"),
        ("no braces", "no braces"),
    ],
)
def test_what_nunjucks_and_jinja_share_is_filled_in(text: str, expected: str) -> None:
    assert rendered(text, x="q", l=[1, 2], o={"a": 1}, no=None)[0] == expected


def test_a_name_without_a_value_leaves_nothing_and_is_told() -> None:
    assert rendered("a{{gone}}b") == ("ab", ["{{gone}} has no value and leaves nothing"])
    assert rendered("{{ gone.at | upper }}", gone={})[0] == ""


def test_the_environment_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    for text in ("{{env.SECRET}}", "{{ env.SECRET | upper }}"):
        assert rendered(text) == (
            "",
            ["environment variables in a template are not read and leave nothing"],
        )


@pytest.mark.parametrize(
    "text",
    [
        "{{ x() }}",
        "{{ x.upper() }}",
        "{{ 'a' * 9999999 }}",
        "{{ 9 ** 999999 }}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% set y = 1 %}",
        "{% macro f() %}{% endmacro %}",
        "{{ x | attr('__class__') }}",
        "{% for a in l %}{% for b in l %}{% for c in l %}x{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in [1,2] %}{{a}}{% endfor %}",
        "{{ x",
        "{% if x %}",
    ],
)
def test_all_else_is_refused_before_it_runs(text: str) -> None:
    left, told = rendered(text, x="a", l=[1])
    assert left == text
    assert len(told) == 1


@pytest.mark.parametrize(
    "text",
    ["{{ x.__class__ }}", "{{ x['__class__'] }}", "{{ o.__init__.__globals__ }}", "{{ l.append }}"],
)
def test_nothing_but_values_can_be_looked_up(text: str) -> None:
    assert rendered(text, x="a", o={}, l=[])[0] == ""


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in l %}{% for b in l %}{{ x }}{% endfor %}{% endfor %}",
        "{{ x | replace('a', x) }}",
        "{{ m | join(x) }}",
        "{% for a in long %}x{% endfor %}",
        "{% for a in l %}{% for b in l %}{% if x|upper == x %}{% endif %}{% endfor %}{% endfor %}",
    ],
    ids=["output", "replace", "join", "loop", "time"],
)
def test_loops_time_and_results_are_limited(text: str) -> None:
    many = list(range(1_000))
    left, told = rendered(text, l=many, m=many, x="a" * 20_000, long=list(range(1_001)))
    assert left == text
    assert "stays" in told[0] or "not read" in told[0]


def test_values_may_name_each_other_but_not_without_end() -> None:
    assert linked({"a": "{{b}}!", "b": "{{ c }}", "c": 3})["a"] == "3!"
    grown = linked({"a": "{{a}}{{a}}"})["a"]
    assert isinstance(grown, str) and len(grown) < 1_000
