"""A folder of files that nobody would like to open, the same for the same seed.

    python tests/hostile_files.py FOLDER [COUNT] [SEED]

makes `COUNT` files of all kinds in turn. Sound ones are among them, under names that lie or
that a terminal would obey, since these must be read.
"""

from __future__ import annotations

import os
import random
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests import good_files

Content = Callable[[random.Random], tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Made:
    """A file that was made. `readable` is None where either is right."""

    path: Path
    kind: str
    readable: bool | None


def make_files(folder: Path, count: int, seed: int = 1) -> list[Made]:
    """Fill a folder with `count` files; each kind comes as often as the others."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)
    makers = [*_CONTENTS, *_PLACES] if os.name != "nt" else list(_CONTENTS)
    made: list[Made] = []
    for number in range(count):
        kind = makers[number % len(makers)]
        if kind in _CONTENTS:
            readable, content = _CONTENTS[kind]
            name, data = content(chance)
            path = folder / f"{number:04d} {name}"
            path.write_bytes(data)
        else:
            readable, place = _PLACES[kind]
            path = place(folder, f"{number:04d} {kind}")
        made.append(Made(path, kind, readable))
    return made


# -- what can be wrong with what is in a file -----------------------------------------


def _sound(chance: random.Random, *kinds: str) -> tuple[str, bytes]:
    return chance.choice(
        [
            (name, data)
            for name, data in good_files.FILES.items()
            if not kinds or name.endswith(kinds)
        ]
    )


def _misnamed(chance: random.Random) -> tuple[str, bytes]:
    _, data = _sound(chance)
    return "a" + chance.choice([".pdf", ".docx", ".txt", ".png", ".csv", ""]), data


def _cut(chance: random.Random) -> tuple[str, bytes]:
    name, data = _sound(chance, "pdf", "docx", "xlsx", "pptx", "odt", "epub")
    return name, data[: chance.randrange(1, len(data))]


def _flipped(chance: random.Random) -> tuple[str, bytes]:
    name, data = _sound(chance, "pdf", "docx", "xlsx", "pptx", "odt", "epub")
    bytes_ = bytearray(data)
    for _ in range(chance.choice([1, 3, 30])):
        bytes_[chance.randrange(len(bytes_))] ^= 1 << chance.randrange(8)
    return name, bytes(bytes_)


def _shuffled(chance: random.Random) -> tuple[str, bytes]:
    """Blocks of a file in another order, with its head in place."""
    name, data = _sound(chance, "pdf", "docx", "xlsx", "pptx")
    blocks = [data[at : at + 40] for at in range(40, len(data), 40)]
    chance.shuffle(blocks)
    return name, data[:40] + b"".join(blocks)


def _random(chance: random.Random) -> tuple[str, bytes]:
    head = chance.choice([b"", b"%PDF-1.7\n", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
    return "noise" + chance.choice([".pdf", ".docx", ".txt"]), head + chance.randbytes(3000)


def _encrypted_pdf(chance: random.Random) -> tuple[str, bytes]:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(BytesIO(good_files.pdf())))
    writer.encrypt("sesame", algorithm=chance.choice(["RC4-40", "RC4-128", "AES-256"]))
    out = BytesIO()
    writer.write(out)
    return "secret.pdf", out.getvalue()


def _encrypted_office(chance: random.Random) -> tuple[str, bytes]:
    return chance.choice(["secret.docx", "secret.xlsx"]), _old_container("EncryptedPackage")


def _encrypted_zip(chance: random.Random) -> tuple[str, bytes]:
    """A Word document whose entries say that they are encrypted."""
    data = bytearray(good_files.docx())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(mark)
        while place >= 0:
            data[place + at] |= 1
            place = data.find(mark, place + 4)
    return "secret.docx", bytes(data)


def _old_office(chance: random.Random) -> tuple[str, bytes]:
    name, stream = chance.choice([("a.doc", "WordDocument"), ("a.xls", "Workbook")])
    return name, _old_container(stream)


def _old_container(stream: str) -> bytes:
    magic = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    return magic + bytes(504) + "Root Entry".encode("utf-16-le") + stream.encode("utf-16-le")


@cache
def _swollen() -> bytes:
    block = good_files.paragraph("x" * 990_000)
    return good_files.docx(block * 80)


def _zip_bomb(chance: random.Random) -> tuple[str, bytes]:
    """A document of a few hundred kilobytes that unpacks to 80 MB of letters."""
    return "bomb.docx", _swollen()


def _many_entries(chance: random.Random) -> tuple[str, bytes]:
    entries: dict[str, str | bytes] = {f"word/{n}.xml": b"" for n in range(25_000)}
    return "entries.docx", good_files.office("word/document.xml", entries)


def _nested_zips(chance: random.Random) -> tuple[str, bytes]:
    data = b"at last"
    for depth in range(40):
        data = good_files.packed({f"{depth}.zip": data})
    return chance.choice(["nest.zip", "nest.docx"]), data


def _two_names(chance: random.Random) -> tuple[str, bytes]:
    """An archive with an entry that has one name in the list and another in its place."""
    return "names.docx", good_files.docx().replace(b"word/document.xml", b"word/dOcument.xml", 1)


def _xml_bomb(chance: random.Random) -> tuple[str, bytes]:
    rounds = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    lead = f'<!DOCTYPE d [<!ENTITY e0 "ha">{rounds}]>'
    body = good_files.paragraph("&e9;")
    return "laughs.docx", good_files.docx(body, lead=lead)


def _outside_entity(chance: random.Random) -> tuple[str, bytes]:
    lead = '<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    return "outside.docx", good_files.docx(good_files.paragraph("&e;"), lead=lead)


def _deep_xml(chance: random.Random) -> tuple[str, bytes]:
    depth = 100_000
    return "deep.docx", good_files.docx("<w:p>" * depth + "</w:p>" * depth)


def _deep_json(chance: random.Random) -> tuple[str, bytes]:
    depth = chance.choice([900, 100_000])
    return "deep.json", b"[" * depth + b"]" * depth


def _deep_html(chance: random.Random) -> tuple[str, bytes]:
    tag = chance.choice([b"<div>", b"<b>", b"<table><tr><td>", b"<ul><li>", b"<font color=a>"])
    return "deep.html", b"<html><body>" + tag * 100_000 + b"down here"


def _odd_html(chance: random.Random) -> tuple[str, bytes]:
    text = chance.choice([b"<!--", b"<![CDATA[", b"<script>", b"<a ", b"&", b"<", b"<p title='"])
    return "odd.html", b"<html><body><p>There is text.</p>" + text * 50_000


def _pdf_of(*objects: str) -> bytes:
    return good_files.numbered_objects(["<</Type/Catalog/Pages 2 0 R>>", *objects])


def _pdf_loop(chance: random.Random) -> tuple[str, bytes]:
    """Pages that are their own parents, contents that refer to themselves."""
    page = "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</XObject<</X 4 0 R>>>>>>"
    form = (
        "<</Type/XObject/Subtype/Form/Resources<</XObject<</X 4 0 R>>>>/Length 5>>stream\n"
        "/X Do\nendstream"
    )
    return "loop.pdf", chance.choice(
        [
            _pdf_of("<</Type/Pages/Kids[2 0 R]/Count 1>>"),
            _pdf_of("<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Pages/Kids[2 0 R]/Count 1>>"),
            _pdf_of("<</Type/Pages/Kids[3 0 R]/Count 1>>", page, form),
            _pdf_of("2 0 R"),
            good_files.pdf().replace(b"startxref\n", b"startxref\n9"),
        ]
    )


@cache
def _squeezed() -> bytes:
    return zlib.compress(b"q " * 40_000_000, 9)


def _pdf_bomb(chance: random.Random) -> tuple[str, bytes]:
    packed = _squeezed()
    head = f"<</Length {len(packed)}/Filter/FlateDecode>>stream\n".encode("latin-1")
    page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</Font<<>>>>>>"
    tree = "<</Type/Pages/Kids[3 0 R]/Count 1>>"
    body = (head + packed + b"\nendstream").decode("latin-1")
    return "bomb.pdf", _pdf_of(tree, page, body)


def _pdf_many_pages(chance: random.Random) -> tuple[str, bytes]:
    kids = "3 0 R " * 2_000
    page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"
    return "pages.pdf", _pdf_of(f"<</Type/Pages/Kids[{kids}]/Count 99999999>>", page)


def _controls(chance: random.Random) -> tuple[str, bytes]:
    text = "".join(map(chr, range(32))) + "\x7f\x9b31m\u202egnp.exe\u2066 \x1b]0;owned\x07"
    return chance.choice(["controls.txt", "controls.md"]), ("Words here. " * 90 + text).encode()


def _nul(chance: random.Random) -> tuple[str, bytes]:
    return "nul.txt", b"before " * 90 + b"\0" + b"after " * 90


def _many_nuls(chance: random.Random) -> tuple[str, bytes]:
    return chance.choice(["nuls.txt", "nuls.pdf", "nuls.json"]), bytes(5000)


def _encoding(chance: random.Random) -> tuple[str, bytes]:
    text = "Ærøskøbing, Łódź and Ωmega – “quoted” " * 20
    encoding = chance.choice(["utf-16-le", "utf-32-be", "utf-7", "cp1252", "koi8-r", "shift_jis"])
    return f"{encoding}.txt", text.encode(encoding, "replace")


def _wrong_charset(chance: random.Random) -> tuple[str, bytes]:
    declared = chance.choice(["utf-16", "hex", "idna", "nonsense", "ascii", "rot13"])
    page = f'<html><head><meta charset="{declared}"></head><body><p>Crème brûlée</p></body></html>'
    return "charset.html", page.encode(chance.choice(["utf-8", "cp1252"]))


def _long_line(chance: random.Random) -> tuple[str, bytes]:
    return "line.txt", b"word " * 1_000_000


def _long_header(chance: random.Random) -> tuple[str, bytes]:
    return "wide.csv", b",".join(b"%d" % n for n in range(50_000)) + b"\n" + b",x" * 50_000


def _open_quote(chance: random.Random) -> tuple[str, bytes]:
    return "quote.csv", b'a,b\n1,"never closed\n' + b"2,3\n" * 20_000


def _wide_sheet(chance: random.Random) -> tuple[str, bytes]:
    rows = "".join(
        f'<row r="{n * 900}"><c r="XFD{n}"><v>1</v></c><c r="{"Z" * 90}9"><v>2</v></c></row>'
        for n in range(1, 1000)
    )
    return "wide.xlsx", good_files.xlsx(rows)


def _long_numbers(chance: random.Random) -> tuple[str, bytes]:
    return "numbers.json", b'{"n": ' + b"9" * 100_000 + b', "f": 1e999999}'


def _scan(chance: random.Random) -> tuple[str, bytes]:
    return "scan.pdf", good_files.pdf("", "", "")


def _blank(chance: random.Random) -> tuple[str, bytes]:
    return chance.choice(
        [
            ("blank.txt", b" \n\t\r\n"),
            ("blank.docx", good_files.docx("<w:p/>")),
            ("blank.html", b"<html><body><script>1</script>"),
        ]
    )


def _picture(chance: random.Random) -> tuple[str, bytes]:
    magic = chance.choice([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"\x1f\x8b\x08"])
    return chance.choice(["a.pdf", "a.txt", "a.png"]), magic + chance.randbytes(500)


def _hostile_name(chance: random.Random) -> tuple[str, bytes]:
    name = chance.choice(
        [
            "\x1b]0;owned\x07.md",
            "invoice\u202efdp.md",
            "[red]x[INST].md",
            "two\nlines.md",
            "-rf.md",
            "\u2066a\u200b.md",
            "é" * 60 + ".md",
        ]
    )
    # Different each time, or else they would all be the same document.
    return name, f"# Note\n\nText number {chance.random()}.\n".encode()


_CONTENTS: dict[str, tuple[bool | None, Content]] = {
    "sound": (True, _sound),
    "misnamed": (True, _misnamed),
    "hostile name": (True, _hostile_name),
    "cut": (None, _cut),
    "flipped": (None, _flipped),
    "shuffled": (None, _shuffled),
    "random": (None, _random),
    "empty": (False, lambda _: ("empty.pdf", b"")),
    "blank": (False, _blank),
    "encrypted PDF": (False, _encrypted_pdf),
    "encrypted office": (False, _encrypted_office),
    "encrypted zip": (False, _encrypted_zip),
    "old office": (False, _old_office),
    "zip bomb": (False, _zip_bomb),
    "many entries": (False, _many_entries),
    "nested zips": (False, _nested_zips),
    "two names": (False, _two_names),
    "XML bomb": (False, _xml_bomb),
    "outside entity": (False, _outside_entity),
    "deep XML": (False, _deep_xml),
    "deep JSON": (True, _deep_json),
    "deep HTML": (None, _deep_html),
    "odd HTML": (True, _odd_html),
    "PDF loop": (None, _pdf_loop),
    "PDF bomb": (False, _pdf_bomb),
    "many pages": (None, _pdf_many_pages),
    "scan": (False, _scan),
    "controls": (True, _controls),
    "NUL": (True, _nul),
    "many NULs": (False, _many_nuls),
    "encoding": (None, _encoding),
    "wrong charset": (True, _wrong_charset),
    "long line": (True, _long_line),
    "wide table": (True, _long_header),
    "open quote": (True, _open_quote),
    "wide sheet": (True, _wide_sheet),
    "long numbers": (True, _long_numbers),
    "picture": (False, _picture),
}


# -- what can be wrong with the place of a file ---------------------------------------


def _pipe(folder: Path, name: str) -> Path:
    os.mkfifo(folder / name)
    return folder / name


def _loop(folder: Path, name: str) -> Path:
    (folder / name).symlink_to(folder / name)
    return folder / name


def _dangling(folder: Path, name: str) -> Path:
    (folder / name).symlink_to(folder / "nowhere")
    return folder / name


def _folder_loop(folder: Path, name: str) -> Path:
    """A folder with a link to the folder above it."""
    (folder / name).mkdir()
    (folder / name / "up").symlink_to(folder, target_is_directory=True)
    (folder / name / "note.txt").write_text(f"A note in {name}.")
    return folder / name / "note.txt"


def _device(folder: Path, name: str) -> Path:
    (folder / name).symlink_to("/dev/zero")
    return folder / name


def _no_utf8(folder: Path, name: str) -> Path:
    path = folder / os.fsdecode(name.encode() + b" \xff\xfe.txt")
    path.write_text(f"The name of {name} is no text.")
    return path


_PLACES: dict[str, tuple[bool | None, Callable[[Path, str], Path]]] = {
    "pipe": (False, _pipe),
    "link to itself": (False, _loop),
    "link to nothing": (False, _dangling),
    "folder loop": (True, _folder_loop),
    "device": (False, _device),
    "name that is no text": (True, _no_utf8),
}


def main() -> None:
    """Make a folder by hand."""
    folder, *numbers = sys.argv[1:]
    made = make_files(Path(folder), *map(int, numbers or ["1000"]))
    print(f"{len(made)} files of {len({each.kind for each in made})} kinds in {folder}")


if __name__ == "__main__":
    main()
