"""Header lines in pure ASCII: encoded words where needed, folded, never the start of another header."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from typing import Final

from providers.address import Address

LINE: Final = 76
# An encoded word may be 75 characters: `=?utf-8?b?` and `?=` leave 63, of which 60 are whole groups of four.
WORD_BYTES: Final = 45
ATOM: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~ ")


def header(name: str, tokens: Iterable[str]) -> str:
    """Write one header from tokens that may be separated by a blank or a fold."""
    lines = [f"{name}:"]
    for token in tokens:
        if len(lines[-1]) + 1 + len(token) > LINE and lines[-1].strip() != f"{name}:":
            lines.append("")
        lines[-1] += f" {token}"
    return "\r\n".join(lines) + "\r\n"


def text_header(name: str, value: str) -> str:
    """Write a header of free text, such as Subject."""
    fits = value.isascii() and 0 < len(value) < LINE - len(name) - 1
    if fits and "=?" not in value and "  " not in value and value[0] != " " != value[-1]:
        # Most are one short line.
        return f"{name}: {value}\r\n"
    return header(name, _text_tokens(value))


def structured_header(name: str, value: str) -> str:
    """Write a header whose readers know no encoded words, such as List-Unsubscribe; ASCII only."""
    return header(name, value.split(" "))


def address_header(name: str, addresses: Iterable[Address], *, utf8: bool = False) -> str:
    """Write From, To, Cc, Bcc or Reply-To."""
    tokens: list[str] = []
    for address in addresses:
        if tokens:
            tokens[-1] += ","
        tokens += _mailbox_tokens(address, utf8=utf8)
    return f"{name}: {tokens[0]}\r\n" if len(tokens) == 1 else header(name, tokens)


def encoded_words(text: str) -> list[str]:
    """Cut a text into UTF-8 encoded words, never inside a character."""
    words, piece = [], b""
    for character in text:
        encoded = character.encode()
        if len(piece) + len(encoded) > WORD_BYTES:
            words.append(piece)
            piece = b""
        piece += encoded
    return [f"=?utf-8?b?{b64encode(word).decode()}?=" for word in (*words, piece)]


def _text_tokens(value: str) -> list[str]:
    # A blank at an edge or a run of blanks would not survive folding, `=?` would be read as an encoded word.
    tokens = value.split(" ")
    plain = value.isascii() and "=?" not in value and all(tokens) and max(map(len, tokens)) < LINE
    return tokens if plain else encoded_words(value) if value else []


def _mailbox_tokens(address: Address, *, utf8: bool) -> list[str]:
    email = address.email
    if not email.isascii() and not utf8:
        raise ValueError("This address can only be written by a server that knows SMTPUTF8.")
    name = address.name.strip()
    if not name:
        return [email]
    if not name.isascii() or "=?" in name or len(name) > LINE:
        return [*encoded_words(name), f"<{email}>"]
    if set(name) <= ATOM and "  " not in name:
        return [*name.split(" "), f"<{email}>"]
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return [f'"{escaped}"', f"<{email}>"]
