"""The two encodings of mail bodies, byte for byte as the standard library writes them, and quicker."""

from __future__ import annotations

import binascii
from typing import Final

BASE64_LINE: Final = 76
QUOTED_LINE: Final = 76
# Lines longer than this are cut quicker by ourselves, if there are many of them.
LONG: Final = 4 * QUOTED_LINE
ESCAPE: Final = ord("=")
# What stands for itself, and "=", which is easily replaced.
EASY: Final = bytes((*b"\t ", *range(33, 127)))


def quoted_printable(raw: bytes) -> bytes:
    """Write quoted-printable as `binascii.b2a_qp(raw, istext=True)` does; lines end with a line feed."""
    if raw.count(b"\n") * LONG >= len(raw):
        return binascii.b2a_qp(raw, istext=True)
    lines = raw.split(b"\n")
    easy = [place for place, line in enumerate(lines[:-1]) if len(line) > LONG and _is_easy(line)]
    written, at = [], 0
    for place in easy:
        written += [_by_library(lines[at:place]), _cut(lines[place].replace(b"=", b"=3D")), b"\n"]
        at = place + 1
    last = b"\n".join(lines[at:])
    return b"".join((*written, binascii.b2a_qp(last, istext=True)))


def base64_lines(content: bytes) -> bytes:
    """Write base64 in lines of 76 characters, each ended by CRLF."""
    written = binascii.b2a_base64(content, newline=False)
    lines = [written[start : start + BASE64_LINE] for start in range(0, len(written), BASE64_LINE)]
    return b"\r\n".join((*lines, b"")) if lines else b""


def base64_size(size: int) -> int:
    """Give the length of so many bytes in base64, each line end counted as one character."""
    characters = (size + 2) // 3 * 4
    return characters + (characters + BASE64_LINE - 1) // BASE64_LINE


def _by_library(lines: list[bytes]) -> bytes:
    return binascii.b2a_qp(b"\n".join((*lines, b"")), istext=True) if lines else b""


def _is_easy(line: bytes) -> bool:
    return not line.translate(None, EASY) and not line.endswith((b" ", b"\t"))


def _cut(line: bytes) -> bytes:
    """Cut an escaped line where the library does: the last piece may hold one character more."""
    if ESCAPE not in line:
        stop = len(line) - QUOTED_LINE
        pieces = [line[at : at + QUOTED_LINE - 1] for at in range(0, stop, QUOTED_LINE - 1)]
        return b"=\n".join((*pieces, line[len(pieces) * (QUOTED_LINE - 1) :]))
    pieces, at = [], 0
    while len(line) - at > QUOTED_LINE or (len(line) - at == QUOTED_LINE and line[-3] == ESCAPE):
        stop = at + QUOTED_LINE - 1
        # An escape stays in one piece.
        stop -= 1 if line[stop - 1] == ESCAPE else 2 if line[stop - 2] == ESCAPE else 0
        pieces.append(line[at:stop])
        at = stop
    return b"=\n".join((*pieces, line[at:]))
