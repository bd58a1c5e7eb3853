"""What the operator's log is told of a speech service's failure: in one line, without keys."""

import re
from typing import Final

_CHARACTERS: Final = 300
_SECRETS: Final = re.compile(
    r"\b(?:(?:sk|pk|rk|org|proj|sess|key)[-_]|Bearer\s+)[\w*.\-]+|(?<=[?&]key=)[^&\s]+", re.IGNORECASE
)


def reason(error: object) -> str:
    """An exception or a text as one line in which what looks like a key or an organisation is hidden."""
    text = f"{type(error).__name__}: {error}" if isinstance(error, BaseException) else str(error)
    return _SECRETS.sub("[hidden]", " ".join(text.split())[:_CHARACTERS])
