"""PDF, by pypdf: the text of each page."""

from __future__ import annotations

from store.readers.source import Refused, Source


def matches(source: Source) -> bool:
    """Tell a PDF by its content. Only a `.pdf` may have other bytes before the header."""
    head = source.data[:1024]
    if head.lstrip(b"\xef\xbb\xbf \t\r\n\f\0").startswith(b"%PDF-"):
        return True
    return source.named(".pdf") and b"%PDF-" in head


def pages(source: Source) -> list[str]:
    """Return the text of each page of a PDF."""
    import struct
    import zlib
    from io import BytesIO

    from pypdf import PdfReader
    from pypdf.errors import DependencyError, LimitReachedError, PyPdfError

    from store.decoding import storable

    # pypdf says of broken files that they may raise more than its own errors.
    broken = (
        *(PyPdfError, ArithmeticError, AssertionError, AttributeError, EOFError, LookupError),
        *(RuntimeError, TypeError, ValueError, struct.error, zlib.error),
    )
    found: list[str] = []
    chars = 0
    opened = False
    try:
        reader = PdfReader(BytesIO(source.data))
        if reader.is_encrypted and not reader.decrypt(source.password or ""):
            raise Refused("password" if source.password else "encrypted")
        count = len(reader.pages)
        opened = True
        for page in reader.pages:
            found.append(storable(page.extract_text()))
            chars += len(found[-1]) + 1
            if chars > source.max_chars:
                raise Refused("long")
    except DependencyError as error:
        raise Refused("crypto") from error
    except LimitReachedError as error:
        raise Refused("bomb") from error
    except broken as error:
        if opened:
            raise Refused("page", str(len(found) + 1)) from error
        raise Refused("damaged", "PDF") from error
    if not count:
        raise Refused("damaged", "PDF")
    if not any(text.strip() for text in found):
        raise Refused("scan", f"{count} page" if count == 1 else f"{count} pages")
    return found
