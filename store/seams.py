"""Where a text may be cut: it is shown to the splitter with its false seams covered up.

A splitter takes each line end for a better place than the end of a sentence, but in text of
PDFs and in wrapped paragraphs most lines end amid a sentence. It also takes the stop of "Dr."
for an end, the hyphen of a compound and the slashes of an address for gaps between words, and
in Markdown each emphasis and link for a part of its own. Each such character is replaced by
one of the same number of tokens that is no seam, so every place stays what it was.
"""

from __future__ import annotations

import re

PAGE = "\f"
_ENDS = ".!?…:;。！？：；"
_CLOSERS = "\"'”’»)]}*_`"
_NEAR = 3
_LONGEST_LINE = 10_000
_SHORT = 20
_LONG_WORD = 20
_WIDEST = 160
_LONGEST_HEADING = 60
_MOST_HEADING_WORDS = 8

# Not "etc." and the like, which as often end a sentence.
_ABBREVIATION = re.compile(
    r"\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Rev|Hon|Gen|Col|Lt|Sgt|Capt|vs|cf|e\.g|i\.e|Fig|Eq|No|Nr"
    r"|Vol|pp|approx|ca|bzw|z\.B)\.(?=[ \n])"
)
# Marks amid what stands between two blanks, before it but for a line's own mark, and after it
# but for the end of a sentence. Runs of more characters have no words to keep whole.
_MARKS = r"!-/:-@\[-`{}~—–…’"
_LONGEST_RUN = 100
_RUN = re.compile(rf"(?<!\S)\S{{1,{_LONGEST_RUN}}}(?!\S)")
_INNER = re.compile(rf"(?<=[^\W_])[{_MARKS}]+(?=[^\W_])")
_BEFORE = re.compile(r"(?:(?<=\S )[$@~+#-]+|(?<!\S)[(\[{<\"'“‘]+)(?=[^\W_])")
_AFTER = re.compile(r"(?<=[^\W_])[,%\"'”’)\]}>*+$-]+(?!\S)")
_STARTS_BLOCK = re.compile(r"[ \t]|[-*+•·#>|~`=<]|\[|\(?(?:\d+|[A-Za-z])[.)](?:\s|$)")
_HASHES = re.compile(r"#{1,6}(?= )")
_FENCE = re.compile(r" {0,3}(?:```|~~~)")
_ONLY_MARKS = re.compile(r"[-*_=|: \t]+$")
_BLOCK_MARK = re.compile(r"[ \t>]*(?:(?:[-*+]|#{1,6})(?=[ \t]))?")
_INLINE = str.maketrans({"*": "'", "_": "'", "`": "'", "[": "(", "]": ")", "<": "(", ">": ")"})


def covered(text: str, *, markdown: bool = False) -> str:
    """Return the text with its false seams covered: as long, and with as many tokens."""
    lines = text.split("\n")
    fences = _fences(lines) if markdown else set[int]()
    soft = _soft_ends(lines, fences, markdown=markdown)
    if markdown:
        lines = [_as_paragraph(line) if at in soft else line for at, line in enumerate(lines)]
        lines = [line if at in fences else _without_inline(line) for at, line in enumerate(lines)]
    joined = _ABBREVIATION.sub(lambda found: f"{found[0][:-1]},", _joined(lines, soft))
    whole = _RUN.sub(lambda run: _INNER.sub(_line, run[0]), joined)
    return _AFTER.sub(_line, _BEFORE.sub(_line, whole))


def sections(text: str) -> list[tuple[int, int]]:
    """Return the spans between page breaks that no sentence runs over."""
    found: list[tuple[int, int]] = []
    start = 0
    for match in re.finditer(PAGE, text):
        before = text[max(start, match.start() - 400) : match.start()].rstrip()
        after = text[match.end() : match.end() + 400].lstrip()
        if not _sentence_runs_on(before.rpartition("\n")[2], after):
            found.append((start, match.end()))
            start = match.end()
    found.append((start, len(text)))
    return found


def windows(text: str) -> list[tuple[int, int]]:
    """Return spans that together are the text; only a very long line is in more than one.

    The splitter looks at the whole rest of a line for each chunk that it takes from it.
    """
    found: list[tuple[int, int]] = []
    start = line = 0
    while line < len(text):
        end = text.find("\n", line) + 1 or len(text)
        if end - line > _LONGEST_LINE:
            if start < line:
                found.append((start, line))
            start = line = _place_to_end(text, line)
            found.append((found[-1][1] if found else 0, line))
        else:
            line = end
    if start < len(text):
        found.append((start, len(text)))
    return found


def _place_to_end(text: str, start: int) -> int:
    """Return where to end a window: after a sentence, else after a word, else anywhere."""
    end = start + _LONGEST_LINE
    for sign in (". ", "。", " "):
        at = text.rfind(sign, start, end)
        if at > start:
            return at + len(sign)
    return end


def _soft_ends(lines: list[str], fences: set[int], *, markdown: bool) -> set[int]:
    """Return which lines' ends are no seams: those amid a paragraph, and those of headings."""
    ends = [at for at in range(len(lines) - 1) if at not in fences and at + 1 not in fences]
    going_on = {at for at in ends if _goes_on(lines[at], lines[at + 1])}
    widths = [len(line.rstrip()) for line in lines]
    soft = set(going_on)
    for at in ends:
        width = max(widths[max(0, at - _NEAR) : at + _NEAR + 1])
        is_prose = not going_on.isdisjoint(range(at - _NEAR, at + _NEAR + 1))
        if is_prose and _is_full(lines[at], lines[at + 1], width):
            soft.add(at)
    is_heading = _is_markdown_heading if markdown else _is_heading
    for at in reversed(ends):
        below = at + 1 if lines[at + 1].strip() else at + 2
        inside = at in soft or (at - 1 in soft and not _has_ended(lines[at - 1]))
        if inside or below >= len(lines) or not is_heading(lines[at]):
            continue
        if below in soft or _is_prose(lines[below]):
            soft.discard(at - 1)
            soft.update(range(at, below))
    return soft


def _goes_on(line: str, following: str) -> bool:
    """Tell whether the sentence at a line's end surely goes on in the next line."""
    return (
        len(line) >= _SHORT
        and not _STARTS_BLOCK.match(following)
        and _sentence_runs_on(line.rstrip(), following)
    )


def _is_full(line: str, following: str, width: int) -> bool:
    """Tell whether a line ended because the next word did not fit, lines being `width` long."""
    word = following.split(None, 1)[0] if following.strip() else ""
    return bool(
        word
        and width <= _WIDEST
        and len(word) <= _LONG_WORD
        and not _STARTS_BLOCK.match(following)
        and len(line.rstrip()) + 1 + len(word) > width
    )


def _has_ended(line: str) -> bool:
    return line.rstrip().rstrip(_CLOSERS).endswith(tuple(_ENDS))


def _sentence_runs_on(line: str, following: str) -> bool:
    """Tell whether a sentence that stands at the end of a line goes on in what follows."""
    ended = line.rstrip(_CLOSERS)
    return bool(
        ended
        and ended[-1] not in _ENDS
        and following
        and (following[0].islower() or (_is_uncased(ended[-1]) and _is_uncased(following[0])))
    )


def _is_heading(line: str) -> bool:
    """Tell what may be a heading in plain text: few words that are no sentence."""
    line = line.strip()
    few = 0 < len(line) <= _LONGEST_HEADING and line.count(" ") < _MOST_HEADING_WORDS
    return few and line[-1] not in _ENDS + ",|" and not line[0].islower()


def _is_markdown_heading(line: str) -> bool:
    return bool(_HASHES.match(line))


def _is_prose(line: str) -> bool:
    """Tell what may be the first line of a paragraph under a heading."""
    return len(line) >= _LONGEST_HEADING and line[0].isupper() and not _STARTS_BLOCK.match(line)


def _is_uncased(char: str) -> bool:
    """Tell the letters of scripts without capitals, in which any of them may go on."""
    return char.isalpha() and not char.isupper() and not char.islower()


def _fences(lines: list[str]) -> set[int]:
    """Return which lines of Markdown are code between fences, the fences among them."""
    found: set[int] = set()
    inside = False
    for at, line in enumerate(lines):
        is_fence = bool(_FENCE.match(line))
        if inside or is_fence:
            found.add(at)
        inside ^= is_fence
    return found


def _joined(lines: list[str], soft: set[int]) -> str:
    parts: list[str] = []
    for at, line in enumerate(lines):
        parts += (line, " " if at in soft else "\n")
    return "".join(parts[:-1])


def _as_paragraph(line: str) -> str:
    """Return a heading as the begin of the paragraph under it, which else it is cut from."""
    return _HASHES.sub(_line, line)


def _without_inline(line: str) -> str:
    """Return a line of Markdown without emphasis, links and code in it; its block stays."""
    if _ONLY_MARKS.match(line):
        return line
    found = _BLOCK_MARK.match(line)
    block = found[0] if found else ""
    body = line[len(block) :]
    inner = body.lstrip("*_`[<")
    # At the begin of a line they could stand for a block.
    return block + _line_of(len(body) - len(inner)) + inner.translate(_INLINE)


def _line(found: re.Match[str]) -> str:
    return _line_of(len(found[0]))


def _line_of(length: int) -> str:
    """Return what makes one word of marks and their neighbours, and means nothing by itself."""
    return "‿" * length
