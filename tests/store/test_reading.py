from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from fpdf import FPDF
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject

from store import reader_process, reading
from store.reading import ReadDocument, ReadingError, Stop, expand, read, read_many

Make = Callable[[str, bytes], Path]
posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX files")


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def make_file(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    return make_file


def pdf(*pages: str) -> bytes:
    """Return a PDF with these pages of text."""
    document = FPDF()
    document.set_font("helvetica", size=12)
    for text in pages:
        document.add_page()
        if text:
            document.multi_cell(0, text=text)
    return bytes(document.output())


def encrypted(data: bytes, password: str, algorithm: str = "AES-256") -> bytes:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(data)))
    writer.encrypt(password, algorithm=algorithm)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def refusal(path: Path, **options: object) -> ReadingError:
    """Return the error of a read that must fail, having checked the form of its sentence."""
    with pytest.raises(ReadingError) as caught:
        read(path, **options)  # pyright: ignore[reportArgumentType]
    sentence = str(caught.value)
    assert path.name in sentence and sentence.endswith(".") and "\n" not in sentence
    assert caught.value.path == path
    return caught.value


@pytest.fixture
def worker_that(make: Make, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let another program than ours be the child that reads."""

    def start(code: str) -> None:
        monkeypatch.syspath_prepend(str(make("other/other_worker.py", code.encode()).parent))
        monkeypatch.setattr(reader_process, "WORKER", "other_worker")

    return start


def test_text(make: Make) -> None:
    data = "One\r\ntwo\r\x1b[31m [/foo]\t\u202e é 漢 🚀".encode()
    path = make("note.txt", data)
    assert read(path) == ReadDocument(
        name="note.txt",
        path=str(path),
        sha256=sha256(data).hexdigest(),
        media_type="text/plain",
        bytes=len(data),
        text=data.decode(),
        pages=(0,),
    )


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("a.MD", "text/markdown"), ("a.markdown", "text/markdown"), ("a.csv", "text/csv")],
)
def test_media_type(make: Make, name: str, media_type: str) -> None:
    assert read(make(name, b"a,b\n")).media_type == media_type


GERMAN = "Die Größe der Maße überrascht; schöne Grüße aus Köln und Fürth."
FRENCH = "Le café est déjà fermé à l’été, où êtes-vous ? Ça coûte 5 €."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *((GERMAN, encoding) for encoding in ("utf-8-sig", "utf-16", "utf-32", "utf-16-le")),
        *((GERMAN, "latin-1"), (FRENCH, "cp1252"), ("¿Qué pasó, señor?", "latin-1")),
        *(("Это обычный русский текст.", "cp1251"), ("これは日本語のテキストです。", "shift_jis")),
    ],
)
def test_encodings(make: Make, text: str, encoding: str) -> None:
    assert read(make("a.txt", text.encode(encoding))).text == text


def test_what_sqlite_cannot_store_is_replaced(make: Make) -> None:
    data = b"\xff\xfe" + ("x" * 200).encode("utf-16-le") + b"\x00\xd8y\x00"
    assert read(make("a.txt", data)).text == "x" * 200 + "\ufffdy"


def test_one_bad_byte_in_utf8_costs_one_character(make: Make) -> None:
    data = (GERMAN * 3).encode() + "ü".encode()[:1]
    assert read(make("a.txt", data)).text == GERMAN * 3 + "\ufffd"


def test_a_stray_nul_is_kept(make: Make) -> None:
    data = b"x" * 500 + b"\0" + b"y" * 500
    assert read(make("a.txt", data)).text == data.decode()


@pytest.mark.parametrize(
    "data",
    [b"\x7fELF\x02\x01" + bytes(500), bytes(range(256)) * 4, zlib.compress(os.urandom(3000))],
)
def test_binary(make: Make, data: bytes) -> None:
    assert refusal(make("a.txt", data)).reason == "binary"


def test_pdf_pages(make: Make) -> None:
    data = pdf("First page", "", "Third page")
    document = read(make("hand book.pdf", data))
    assert document.media_type == "application/pdf"
    assert (document.bytes, document.sha256) == (len(data), sha256(data).hexdigest())
    assert document.text == "First page\f\fThird page"
    assert document.pages == (0, 11, 12)


def test_content_decides_not_the_name(make: Make) -> None:
    assert read(make("a.txt", pdf("Hello"))).media_type == "application/pdf"
    assert read(make("b.pdf", b"just text")).text == "just text"
    assert read(make("c.md", b"Every PDF begins with %PDF-1.7")).media_type == "text/markdown"
    assert read(make("d.pdf", b"HTTP/1.1 200\n" + pdf("Hello"))).text == "Hello"


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_encrypted_pdf(make: Make, algorithm: str) -> None:
    path = make("secret.pdf", encrypted(pdf("Hidden"), "pass wörd", algorithm))
    assert refusal(path).reason == "encrypted"
    assert refusal(path, password="wrong").reason == "password"
    assert read(path, password="pass wörd").text == "Hidden"


def test_pdf_that_only_its_owner_may_change_needs_no_password(make: Make) -> None:
    assert read(make("a.pdf", encrypted(pdf("Open"), ""))).text == "Open"


def test_scan(make: Make) -> None:
    error = refusal(make("scan.pdf", pdf("", "")))
    assert error.reason == "scan" and "2 pages" in str(error)


def test_damaged_pdf(make: Make) -> None:
    whole = pdf("One", "Two")
    assert refusal(make("cut.pdf", whole[: len(whole) // 2])).reason == "damaged"
    assert refusal(make("head.pdf", b"%PDF-1.7\n" + os.urandom(200))).reason == "damaged"


def test_page_that_unpacks_to_too_much(make: Make) -> None:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf("Hello"))))
    contents = DecodedStreamObject()
    contents.set_data(b" " * 80_000_000)
    writer.pages[0][NameObject("/Contents")] = contents.flate_encode(1)
    out = BytesIO()
    writer.write(out)
    assert out.tell() < 1_000_000
    assert refusal(make("bomb.pdf", out.getvalue())).reason == "bomb"


def test_files_that_cannot_be_opened(make: Make, tmp_path: Path) -> None:
    assert refusal(make("empty.md", b"")).reason == "empty"
    assert refusal(tmp_path / "none.md").reason == "missing"
    assert refusal(make("f.md", b"x") / "below").reason == "missing"
    assert refusal(tmp_path).reason == "folder"
    assert refusal(Path("x" * 5000)).reason == "unreadable"
    with pytest.raises(ReadingError, match="is not there"):
        read(Path("a\0\n\ud800b"))


@posix
def test_pipes_and_devices_do_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe").reason == "special"
    assert refusal(Path("/dev/zero")).reason == "special"


@posix
def test_no_permission(make: Make) -> None:
    path = make("closed.md", b"x")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("root may read everything")
    assert refusal(path).reason == "permission"


def test_limits_of_size(make: Make) -> None:
    path = make("a.txt", b"0123456789")
    assert read(path, max_bytes=10, max_chars=10).text == "0123456789"
    assert refusal(path, max_bytes=9).reason == "large"
    assert refusal(path, max_chars=9).reason == "long"
    assert refusal(make("a.pdf", pdf("12345", "67890")), max_chars=9).reason == "long"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit is Linux's")
def test_limit_of_memory(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_MEMORY", 100_000_000)
    assert refusal(make("a.txt", b"x" * 40_000_000)).reason == "memory"


def test_limit_of_time(make: Make, worker_that: Callable[[str], None]) -> None:
    assert refusal(make("a.pdf", pdf("One")), timeout_s=0.001).reason == "slow"
    worker_that("import time; time.sleep(60)")
    started = time.monotonic()
    error = refusal(make("a.txt", b"x"), timeout_s=0.3)
    assert error.reason == "slow" and "0.3 s" in str(error)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    "code",
    [
        "import os; os.abort()",
        "print('noise on standard output')",
        "import sys; sys.stdout.write('\\0' * 7 + '\\x09' + '\\0' * 8 + '{}')",
        "raise SystemExit(3)",
    ],
)
def test_worker_that_dies_or_babbles(
    make: Make, worker_that: Callable[[str], None], code: str
) -> None:
    path = make("a.txt", b"x")
    worker_that(code)
    assert refusal(path).reason == "died"


def test_worker_is_quiet_and_takes_nothing_from_the_current_folder(
    make: Make, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    whole = pdf("Hello")
    # A wrong table of objects is repaired by pypdf, with warnings.
    path = make(
        "sub/a.pdf", whole.replace(b"\nxref\n", b"\nxref \n").replace(b"0000000", b"0000001")
    )
    make("sub/json.py", b"raise SystemExit(9)")
    make("sub/store/__init__.py", b"raise SystemExit(9)")
    monkeypatch.chdir(tmp_path / "sub")
    document = read(Path("a.pdf"))
    assert (document.text, document.path) == ("Hello", str(path))
    assert capfd.readouterr() == ("", "")


def test_stop_ends_a_read(make: Make, worker_that: Callable[[str], None]) -> None:
    path, stop = make("a.txt", b"x"), Stop()
    worker_that("import time; time.sleep(60)")
    threading.Timer(0.2, stop.set).start()
    started = time.monotonic()
    assert refusal(path, stop=stop).reason == "stopped"
    assert refusal(path, stop=stop).reason == "stopped"
    assert time.monotonic() - started < 20


def test_read_many_keeps_the_order(make: Make, tmp_path: Path) -> None:
    paths = [make("a.pdf", pdf("A")), tmp_path / "none", make("b.txt", b"B"), make("c.txt", b"")]
    results = list(read_many(paths, workers=3))
    assert [getattr(one, "text", None) or getattr(one, "reason", None) for one in results] == [
        *("A", "missing", "B", "empty")
    ]


def test_read_many_reads_only_a_little_ahead(make: Make) -> None:
    taken: list[Path] = []

    def paths() -> Iterator[Path]:
        for number in range(50):
            taken.append(make(f"{number}.txt", b"x"))
            yield taken[-1]

    results = read_many(paths(), workers=2)
    assert isinstance(next(results), ReadDocument)
    assert len(taken) == 3


def test_leaving_read_many_early_ends_its_workers(
    make: Make, worker_that: Callable[[str], None]
) -> None:
    hang = "import sys, time; b'/first.txt' in sys.stdin.buffer.read1() or time.sleep(60)"
    worker_that(hang)
    started = time.monotonic()
    results = read_many([make(name, b"x") for name in ("first.txt", "a.txt", "b.txt")])
    assert isinstance(next(results), ReadingError)
    results.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert time.monotonic() - started < 20


def test_expand(make: Make, tmp_path: Path) -> None:
    names = [
        "d/b.md",
        "d/a/z.md",
        "d/a/.hidden",
        "d/.git/config",
        "d/c.txt",
        "alone.md",
        "d/a/é.md",
    ]
    made = {name: make(name, b"x") for name in names}
    want = [made[name] for name in ("alone.md", "d/b.md", "d/c.txt", "d/a/z.md", "d/a/é.md")]
    missing = tmp_path / "none"
    given = [made["alone.md"], tmp_path / "d", made["d/b.md"], missing, made["d/a/.hidden"]]
    assert expand(given) == [*want, missing, made["d/a/.hidden"]]
    assert expand([Path("a\0b")]) == [Path("a\0b")]
    with pytest.raises(ReadingError, match="more than 4 files"):
        expand(given, max_files=4)


@posix
def test_expand_is_safe_from_loops_and_pipes(make: Make, tmp_path: Path) -> None:
    file = make("d/a.md", b"x")
    (tmp_path / "d" / "loop").symlink_to(tmp_path / "d", target_is_directory=True)
    (tmp_path / "d" / "self").symlink_to(tmp_path / "d" / "self")
    os.mkfifo(tmp_path / "d" / "pipe")
    assert expand([tmp_path / "d"]) == [file, tmp_path / "d" / "self"]
    assert refusal(tmp_path / "d" / "self").reason == "unreadable"


def test_pypdf_is_not_loaded_by_the_parent() -> None:
    code = "import sys, store.reading; print({'pypdf', 'charset_normalizer'} & set(sys.modules))"
    root = Path(reading.__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
