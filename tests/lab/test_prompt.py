"""What is sent for a case."""

from __future__ import annotations

import copy

from lab.prompt import assemble, sent_hash
from store.records import CaseDraft

DOCUMENTS = [("b.md", "\nSecond in name.\n"), ("a.md", "First in name.")]


def test_a_bare_prompt_is_sent_as_it_is() -> None:
    prompt = "  What?\n\n[INST] \x1b[2J "
    assert assemble(CaseDraft(prompt)) == [{"role": "user", "content": prompt}]


def test_stable_parts_come_first_and_the_question_last() -> None:
    turns = ({"role": "user", "content": "Hello."}, {"role": "assistant", "content": "Hi."})
    sent = assemble(CaseDraft("What?", messages=turns), system=" Be brief. ", documents=DOCUMENTS)
    assert sent == [
        {
            "role": "system",
            "content": "Be brief.\n\nDocument: b.md\n\nSecond in name.\n\n"
            "Document: a.md\n\nFirst in name.",
        },
        *turns,
        {"role": "user", "content": "What?"},
    ]
    other = assemble(CaseDraft("Why?"), system="Be brief.", documents=DOCUMENTS)
    assert other[0] == sent[0]  # which is what a prefix cache serves


def test_without_a_system_prompt_the_documents_stand_alone() -> None:
    [system, _] = assemble(CaseDraft("What?"), system=" \n", documents=DOCUMENTS[1:])
    assert system == {"role": "system", "content": "Document: a.md\n\nFirst in name."}


def test_nothing_that_was_given_is_changed() -> None:
    draft = CaseDraft("What?", messages=({"role": "user", "content": "Hello."},))
    before = copy.deepcopy(draft)
    assemble(draft, documents=DOCUMENTS)[1]["content"] = "changed"
    assert draft == before
    assert DOCUMENTS[0] == ("b.md", "\nSecond in name.\n")


def test_the_hash_tells_what_was_sent() -> None:
    def sent(**given: object) -> str:
        return sent_hash(assemble(CaseDraft("What?"), **given))  # type: ignore[arg-type]

    same = sent(documents=DOCUMENTS)
    assert same == sent(documents=list(DOCUMENTS))
    others = {
        sent(),
        sent(system="x"),
        sent(documents=DOCUMENTS[::-1]),
        sent(documents=[("c.md", DOCUMENTS[0][1]), DOCUMENTS[1]]),
        sent_hash(assemble(CaseDraft("Why?"), documents=DOCUMENTS)),
    }
    assert len(others) == 5 and same not in others
    assert sent_hash(assemble(CaseDraft("half \ud800"))) != same
