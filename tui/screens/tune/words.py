"""The screen's sentences, and those that name the command line's words as they are said here."""

from __future__ import annotations

BASE = (
    "The model to train here: a GGUF file, a model's folder, or an id on Hugging Face. Empty: the "
    "embedded model"
)
_SAID_HERE = {
    "Nothing was sent: ": "",
    "move or remove cases, or use --allow-leaks, which the job and its receipt will tell": (
        "enter on a pair moves or removes its cases, and a allows them all, which the job and its "
        "receipt will tell"
    ),
    "Name the model to train with --provider and --model": "Choose the model to train with m",
    "name one with --provider and --model": "choose one with m",
    "train it here with --backend local": "b trains it here",
    "choose --provider embedded, and with --model a GGUF file": "choose with m a GGUF file",
    "name the base model with --model": "name the base model with m",
    "name the deployment with --model": "t asks for the deployment's name",
    "hold back fewer with --validation": "hold back fewer with e",
    "with --validation 20% it keeps": "with 20% held back it keeps",
    "use --method sft": "e changes the method",
    "beta is for --method dpo; leave it out": "beta is for the method dpo; leave it out",
    "n_epochs and --epochs are the same": "n_epochs and the epochs above are the same",
    ", not with --set": " of its own",
    "is set with --": "is set with the line ",
    "leave out --validation": "hold back nothing with e",
    "choose another provider with --provider": "m on the dataset's page chooses another provider",
    "train on this machine with --backend local": "b there trains on this machine",
    "ask it there with --base-url URL --model NAME": "t asks for its address and its name",
    "allow more with --budget": "the bench's key $ allows more",
    "`litmus tune start --resume` goes on with it": "r goes on with it",
    "`litmus tune start --resume` goes on": "r goes on",
    "`litmus tune start` trains one": "s trains one",
    "`litmus tune start` starts another": "s starts another",
    "`litmus run --rung tuned` asks it too": "t asks it",
    "`litmus run --rung tuned` asks it the test cases": "t asks it the test cases",
    "litmus bench set TRAIN_ID --split test, litmus bench set TEST_ID --split train, or litmus "
    "bench remove ID": "enter on a pair moves its cases to the other split, or takes them out",
    "litmus bench set ID --split train": "the bench's key e moves a case to train",
    "litmus bench set ID --split test": "the bench's key e moves a case to test",
    "litmus bench edit ID": "enter leads to the cases",
    "`litmus docs promote` fetches them": "promoting a document (F3) fetches them",
}


def said_here(sentence: str) -> str:
    """Return a sentence with the screen's keys in place of the command line's words."""
    for there, here in _SAID_HERE.items():
        sentence = sentence.replace(there, here)
    return sentence[:1].upper() + sentence[1:]
