"""Benchmarks to look for leaks in, made from a seed: questions of fact, and tickets to route."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from lab.demo import fixtures
from lab.interop import formats
from lab.tuning.examples.dataset import Dataset, Recipe, build
from store.records import Case, CaseDraft, Expectation
from store.training import JudgedAnswer, Material

Row = tuple[str, str]
"""A prompt and what is expected."""

CODES = ("ACC-QX-01", "ACC-QX-02", "ACC-QX-03", "NET-QX-01", "NET-QX-02")
_ROUTE = (
    f"Route this support ticket to one of the codes {', '.join(CODES)}. Answer with the code "
    "only.\n\nTicket: "
)
_WHO = (
    *("A colleague in accounting", "My manager", "The new trainee", "Our receptionist"),
    *("Someone on the night shift", "A visitor", "The intern", "Our auditor", "The caretaker"),
)
_WHERE = (
    *("in the Leeds office", "at home", "on the train", "in the warehouse", "in the lab"),
    *("at the customer's site", "in meeting room Birch", "on the third floor", "in the canteen"),
)
_WHAT = (
    *("cannot open the payroll portal", "gets a blank page in the wiki", "sees an old calendar"),
    *("is locked out of the door system", "loses the VPN every few minutes"),
    *("cannot print in colour", "hears an echo in every call", "gets no mail on the phone"),
    *("finds the shared drive read only", "cannot install the scanner driver"),
)
_WHEN = (
    *("since Monday", "after the last update", "every morning", "since the password change"),
    *("for two days now", "after lunch", "since the move", "whenever it rains"),
)
_SHIPS = (
    *("Grey Tern", "Little Auk", "Juniper", "Marigold", "Old Thorn", "Black Swan", "Corncrake"),
    *("Silver Pike", "Lapwing", "Redstart", "Osprey", "Blue Heron", "Sandpiper", "Kittiwake"),
    *("Gannet", "Puffin", "Skua", "Curlew", "Avocet", "Dunlin", "Whimbrel", "Shearwater"),
    *("Petrel", "Razorbill", "Fulmar"),
)
_ASKED = (
    "Who is the captain of the {} on its summer crossings to the outer islands?",
    "At which yard near the estuary was the hull of the {} built and fitted out?",
    "What colour does the company paint the hull of the {} every spring?",
    "What is the name of the ship's cat that sleeps in the galley of the {}?",
    "What kind of fuel does the engine of the {} run on in cold weather?",
    "Who paints the funnel of the {} when it lies in the dry dock?",
    "What is served for breakfast to the passengers of the {} on Sundays?",
    "In which harbour is the {} registered according to the papers on board?",
    "Which flag does the crew of the {} hoist when they sail through fog?",
    "Who owns the larger share of the {} since it was sold at auction?",
    "Where on the {} are the life jackets for small children kept?",
    "What motto is painted above the door of the saloon on the {}?",
    "Which company insures the {} against damage by storms and ice?",
    "What was the {} called before it was sold to the ferry company?",
    "Which song do the crew of the {} sing when they leave the harbour?",
    "Who repairs the radar of the {} when it fails on a long crossing?",
    "Which baker delivers the bread for the {} on the first boat?",
    "What do passengers of the {} get when a crossing is called off?",
    "Which island did the {} run aground on in the great storm?",
    "Who plays the accordion on the {} at the end of the season?",
)
_SYLLABLES = (
    *("ba", "de", "fi", "go", "lu", "mar", "nel", "os", "pra"),
    *("qui", "rin", "sol", "tev", "ulm", "vor", "wes", "yar", "zin"),
)
_OTHER_WORDS = {
    "captain": "skipper",
    "built": "made",
    "colour": "shade",
    "name": "nickname",
    "kind": "sort",
    "paints": "coats",
    "served": "offered",
    "papers": "documents",
    "hoist": "fly",
    "owns": "holds",
    "kept": "stored",
    "motto": "saying",
    "insures": "covers",
    "called": "named",
    "sing": "chant",
    "repairs": "mends",
    "delivers": "brings",
    "get": "receive",
    "run": "go",
    "plays": "performs",
    "company": "firm",
    "larger": "bigger",
    "small": "young",
    "damage": "harm",
    "crossing": "trip",
    "crossings": "trips",
    "harbour": "port",
    "crew": "sailors",
    "cannot": "can't",
    "gets": "receives",
    "sees": "is shown",
    "hears": "has",
    "finds": "sees",
    "loses": "drops",
    "since": "ever since",
    "after": "following",
    "every": "each",
    "when": "whenever",
    "great": "big",
    "season": "year",
}


def name(chance: random.Random) -> str:
    """Return a name that nobody has."""
    return " ".join("".join(chance.choices(_SYLLABLES, k=3)).title() for _ in range(2))


def facts(count: int, seed: int) -> list[Row]:
    """Return questions of fact, no two the same, each with a name as its answer."""
    chance = random.Random(seed)
    asked = [question.format(ship) for question in _ASKED for ship in _SHIPS]
    return [(prompt, name(chance)) for prompt in chance.sample(asked, count)]


def tickets(count: int, seed: int, *, named: bool = False) -> list[Row]:
    """Return tickets to route to one of five codes, each put together from four choices.

    Many share three of them. Where `named`, each also tells something of its own.
    """
    chance = random.Random(seed)
    made: dict[str, str] = {}
    while len(made) < count:
        parts = [chance.choice(choices) for choices in (_WHO, _WHERE, _WHAT, _WHEN)]
        own = f" {name(chance)} and {name(chance)} have seen it too." if named else ""
        made.setdefault(f"{_ROUTE}{' '.join(parts)}.{own}", chance.choice(CODES))
    return list(made.items())


def paraphrased(prompt: str, chance: random.Random, words: int = 3) -> str:
    """Return a prompt with a few of its words in other words."""
    head, mark, ticket = prompt.rpartition("Ticket: ")
    spoken = ticket.split()
    places = [place for place, word in enumerate(spoken) if word.strip("?.,") in _OTHER_WORDS]
    for place in chance.sample(places, min(words, len(places))):
        spoken[place] = _OTHER_WORDS[spoken[place].strip("?.,")]
    return f"{head}{mark}{' '.join(spoken)}"


def recased(prompt: str) -> str:
    """Return a prompt in capitals, its spaces doubled, with another mark at its end."""
    return "  ".join(prompt.upper().rstrip("?.").split(" ")) + " !"


def halves(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """Return the first half to train on, and the second to test with."""
    return rows[: len(rows) // 2], rows[len(rows) // 2 :]


def demo() -> tuple[list[CaseDraft], list[CaseDraft]]:
    """Return the demo's train and test cases."""
    cases = formats.read(fixtures() / "benchmark.jsonl").cases
    return [c for c in cases if c.split == "train"], [c for c in cases if c.split == "test"]


def material(
    train: Sequence[Row | CaseDraft],
    test: Sequence[Row | CaseDraft],
    answers: Iterable[JudgedAnswer] = (),
) -> Material:
    """Return a benchmark of these cases; their ids are t1, t2, … and x1, x2, …."""
    drafts: list[CaseDraft] = []
    for letter, split, given in (("t", "train", train), ("x", "test", test)):
        for place, row in enumerate(given, start=1):
            key = f"{letter}{place}"
            if isinstance(row, CaseDraft):
                fields = {each: getattr(row, each) for each in row.__slots__}
                drafts.append(CaseDraft(**{**fields, "key": row.key or key, "split": split}))
            else:
                wanted = Expectation(row[1])
                drafts.append(CaseDraft(row[0], key=key, expectation=wanted, split=split))
    cases = [
        Case(place, 1, draft.key, place, place, 1, draft) for place, draft in enumerate(drafts, 1)
    ]
    return Material("revision", tuple(cases), tuple(answers))


def dataset(train: Sequence[Row | CaseDraft], test: Sequence[Row | CaseDraft]) -> Dataset:
    """Return the supervised dataset of these cases."""
    return build(material(train, test), Recipe())


def planted(seed: int) -> tuple[list[Row], list[Row], dict[str, set[tuple[str, str]]]]:
    """Return a benchmark of 500 questions into which 20 leaks were put, four kinds of each.

    The third value is which pairs of prompts leak, by how they were made.
    """
    chance = random.Random(seed)
    rows = facts(480, seed)
    train, test = rows[:230], rows[230:]
    leaks: dict[str, set[tuple[str, str]]] = {}
    chosen = chance.sample(test, 20)
    for place, (prompt, answer) in enumerate(chosen):
        kind = ("exact", "recased", "paraphrased", "answer in prompt")[place % 4]
        if kind == "exact":
            leak = prompt
        elif kind == "recased":
            leak = recased(prompt)
        elif kind == "paraphrased":
            leak = paraphrased(prompt, chance)
        else:
            about = prompt.rstrip("?").partition(" ")[2]
            leak = f"It is told that {answer} {about}. Say so in French."
            answer = f"On dit que {name(chance)}."
        train.append((leak, answer))
        leaks.setdefault(kind, set()).add((leak, prompt))
    chance.shuffle(train)
    return train, test, leaks
