"""What a request for a contract or an e-mail says of its fields: with whom, how long, to whom, what. Pure."""

from typing import Final

import re2

_KOREAN_PARTY: Final = re2.compile(
    r"((?:[A-Z][\w&.-]*\s){0,4}[\p{L}\p{N}&.-]{2,}?)(?:이랑|랑|와의|과의|와|과|하고)\s"
)
_PARTY: Final = re2.compile(
    r"\b(?:with|for)\s+([A-Z][\w&.'-]*(?:\s+[A-Z0-9&][\w&.'-]*){0,4}|[\p{Hangul}]+)"
    r"|(?:상대|상대방|발주자|고객|거래처)(?:는|은|가|:)\s?([\p{Hangul}\w]+)"
)
_PERIOD: Final = re2.compile(
    r"(?i)(?:\d{1,3}|한|두|세|네|다섯|여섯)\s?(?:개월|달|년)(?:간|동안)?"
    r"|\b(?:\d{1,3}|one|two|three|four|five|six|nine|twelve|eighteen) (?:days?|weeks?|months?|years?)\b"
)
_CALENDAR: Final = re2.compile(r"^(?:19|20)\d\d년$")
_KOREAN_TO: Final = re2.compile(r"([\p{L}\p{N}.@+-]+(?:\s[\p{L}\p{N}.@+-]+)?)\s?(?:에게|한테|께)")
_KOREAN_BODY: Final = re2.compile(
    r"(?:에게|한테|께)\s+(\S.*?다)고\s+(?:이메일|메일)|(?:에게|한테|께)\s+(\S.*?)(?:이?라고|자고|고)\s+(?:이메일|메일)"
    r"|(?:이메일|메일)[^,.]*[,.]\s*(\S.*?다)고?[\s.!]*$|(?:이메일|메일)[^,.]*[,.]\s*(\S.*?)(?:라고)?[\s.!]*$"
    r"|(?:에게|한테|께)\s+(\S.*?)(?:에 대한|에 대해|관련)\s+(?:이메일|메일)"
)
_TO: Final = re2.compile(
    r"\b(?:[Ee]-?mail|[Mm]ail|[Mm]essage|[Dd]rop|[Ww]rite|[Tt]ell|to|[Ss]end)\s+([A-Z][\w'-]*(?:\s+[A-Z][\w'-]*)?)|\bto\s+(\S+@\S+\w)"
)
_BODY: Final = re2.compile(
    r"(?i)\b(?:that|saying|(?:tell(?:ing)? (?:him|her|them)|let (?:him|her|them) know)(?: that)?)"
    r"\s+(\S.*?)[\s.!]*$"
)
_ABOUT: Final = re2.compile(r"(?i)\babout\s+(\S.*?)[\s.!]*$")


def parties_of(text: str) -> dict[str, str | None]:
    """The client and the period of a contract."""
    found = _PARTY.search(text)
    client = (found[1] or found[2]) if found else None
    if client is None and (korean := _KOREAN_PARTY.search(text)):
        client = korean[1].strip()
    periods = [period for period in _PERIOD.findall(text) if not _CALENDAR.match(period)]
    return {"client": client, "period": periods[0] if periods else None}


def letter_of(text: str) -> dict[str, str | None]:
    """Whom an e-mail is for, and what it says."""
    to, body = _TO.search(text), _BODY.search(text)
    recipient = (to[1] or to[2]) if to else None
    said = body[1] if body else None
    if korean := _KOREAN_TO.search(text):
        recipient = korean[1]
        told = _KOREAN_BODY.search(text)
        said = next((group for group in told.groups() if group), None) if told else None
    about = _ABOUT.search(text)
    return {"to": recipient, "body": said, "topic": about[1] if about else None}
