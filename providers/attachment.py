"""A file that goes with a message."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from providers.address import MessageInvalid, shown

FILE_NAME_LIMIT = 255
FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
CONTENT_ID = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@-]{1,120}")


@dataclass(frozen=True)
class Attachment:
    """A file; with a content id it is shown inside the HTML as `cid:…`."""

    name: str
    content_type: str
    content: bytes = field(repr=False)
    content_id: str = ""

    def __post_init__(self) -> None:
        name = self.name.strip(" ")
        if not name or len(name) > FILE_NAME_LIMIT or FORBIDDEN.search(name) or set(name) & set('/\\:*?"<>|'):
            raise MessageInvalid(
                "attachments",
                f"The file name {shown(self.name)} cannot be used. Use up to {FILE_NAME_LIMIT} characters"
                ' without line breaks and without / \\ : * ? " < > |.',
            )
        media = self.content_type.strip(" ").lower()
        if not MEDIA_TYPE.fullmatch(media) or media.startswith(("multipart/", "message/")):
            raise MessageInvalid(
                "attachments",
                f"The type {shown(self.content_type)} of {shown(name)} cannot be sent."
                " Use one like application/pdf, or application/octet-stream.",
            )
        if self.content_id and not CONTENT_ID.fullmatch(self.content_id):
            raise MessageInvalid(
                "attachments", f"The content id of {shown(name)} may hold letters, digits and . _ - @ only."
            )
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "content_type", media)
