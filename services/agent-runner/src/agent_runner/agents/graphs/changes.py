"""A change that an answer asks for in the arguments of a waiting step, where rules can tell which. Pure.

Only `graphs.consent` asks it. Amounts, periods and addresses are known by their form; names, titles and
terms are taken as they stand, so those are always shown to the person again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import re2

from agent_runner.agents.models.addresses import find_address
from agent_runner.agents.models.amounts import find_amounts

_FIELDS: Final = {
    "amount": ("계약 ?금액", "금액", "가격", "대금", "contract amount", "amount", "price", "fee"),
    "period": ("계약 ?기간", "기간", "period", "term", "duration"),
    "client": ("발주자", "고객사?", "클라이언트", "client", "customer"),
    "provider": ("수급자", "공급자", "수행사", "provider", "supplier", "contractor"),
    "title": ("제목", "title"),
    "subject": ("용역 ?내용", "업무 ?내용", "subject"),
    "payment": ("지급 ?조건", "payment(?: terms)?"),
    "body": ("본문", "body", "text"),
    "to": ("받는 ?사람", "수신자", "recipient"),
}
_TEMPLATES: Final = {
    "contract": ("amount", "period", "client", "provider", "title", "subject", "payment", "terms"),
    "email": ("title", "to", "subject", "body"),
    "report": ("title",),
}
_NUMERALS: Final = "한|두|세|네|다섯|여섯|일곱|여덟|아홉|열|일|이|삼|사|오|육"
_ENGLISH_NUMERALS: Final = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|eighteen|an?"
_PERIOD: Final = re2.compile(
    rf"(?i)(?:\d{{1,3}}|{_NUMERALS})\s?(?:개월|달|년|주|일)(?:간|동안)?"
    rf"|\b(?:\d{{1,3}}|{_ENGLISH_NUMERALS})[ -](?:day|week|month|year)s?\b"
)
_TOWARDS: Final = re2.compile(r"^\s?(?:으로|로)")
_TARGET: Final = re2.compile(r"(?i)\b(?:to|it|for|with|be|is|at|use)\s$|:\s?$")
_CHANGES: Final = re2.compile(
    r"(?i)(?:으로|로)\s?(?:의?\s?)?(?:수정|변경|바꿔|바꾸|고쳐|고치|조정|정정|정해|해|하|부탁|올려|내려|낮춰|높여|줄여|늘려)"
    r"|\b(?:change|set|update|revise|make|raise|increase|lower|reduce|use|put|adjust|correct)\b"
    r"|\b(?:but|instead|with|should be|must be|needs to be|to be)\b|(?:amount|price|period|term)\s?:"
)
_POLITE: Final = re2.compile(
    r"(?i)^(?:can|could|would|will) you (?:please )?|please\s?\??$"
    r"|(?:줄|주실|해줄|해 줄) ?수 ?있(?:나요|어요|을까요|을까|니)\s?\??$"
    r"|(?:주실래요|주시겠어요|줄래요?)\s?\??$"
)
_LEADING: Final = re2.compile(
    r"(?i)^(?:아니요|아니오|아뇨|아니|no|yes|yeah|ok|okay|네|예|응|좋아요?)[\s,.!]+"
)
_INSTEAD: Final = re2.compile(r"\s?(?:말고|대신|에서)\s")
_EXACT: Final = re2.compile(
    r"(?i)(?:계약서?의?\s)?(?:계약\s?)?(?:금액|대금|가격|기간)(?:을|를)\s?VALUE\s?(?:으로|로)\s?"
    r"(?:수정|변경|조정|정정|바꿔|고쳐|해)\s?(?:해\s?)?"
    r"(?:줘요?|주세요|주십시오|주시기 바랍니다|부탁드립니다|부탁해요)[.!~]*"
    r"|(?:please )?(?:change|set|update|revise|raise|increase|lower|reduce)\s(?:the\s)?(?:contract\s)?"
    r"(?:amount|price|fee|period|term)\sto\sVALUE(?:,?\splease)?[.!]*"
)
_EXACT_ADDRESS: Final = re2.compile(
    r"(?i)VALUE\s?(?:으로|로|에게|한테)\s?(?:보내|발송해|전송해|변경해|바꿔|수정해)\s?(?:줘요?|주세요|주십시오)[.!~]*"
    r"|(?:please )?(?:send|mail) it to VALUE(?: instead)?(?:,? please)?[.!]*"
)
_READDRESSED: Final = re2.compile(
    r"(?i)(?:으로|로|에게|한테)\s?(?:보내|발송|전송|변경|바꿔|수정|해)|\b(?:send|mail|use|change|to)\b"
)
_TERMS: Final = re2.compile(
    r"(?i)특약(?:\s?사항)?(?:에|으로|:)\s*(?P<ko>\S.*?)(?:을|를)?\s?(?:추가|넣어|포함|기재)"
    r"|\badd (?:a |the |this )?(?:special )?(?:term|clause|condition)s?(?: that)?[:,]?\s+(?P<en>\S.*)$"
    r"|^(?:special )?terms?:\s+(?P<en2>\S.*)$"
)


@dataclass(frozen=True, slots=True)
class Change:
    """What an answer changes.

    Attributes:
        arguments: all of the step's arguments, the change among them.
        told: the fields that change, with their new values.
        exact: whether the answer is the change, by a value that is known by its form, and nothing else.
    """

    arguments: dict[str, Any]
    told: dict[str, str]
    exact: bool = False


def plain_request(text: str) -> str:
    """The text without what only makes a request polite, or comes before it."""
    plain: str = _LEADING.sub("", _INSTEAD.sub(" ", text.strip()), 1)
    return plain if (asked := _POLITE.sub("", plain)) == plain else asked.strip(" ?？")


def change_of(text: str, step: Mapping[str, Any]) -> Change | None:
    """The change that `text` asks for; None where the rules see none, or more than one meaning."""
    arguments = dict(step["arguments"])
    if step["tool"] == "send_document":
        return _readdressed(text, arguments)
    if step["tool"] != "draft_document":
        return None
    known = _TEMPLATES.get(str(arguments.get("template")), ())
    told = _terms(text, known) or _by_form(text, known) or _by_name(text, known)
    if not told:
        return None
    fields = {**(arguments.get("fields") or {}), **told}
    (value,) = told.values()
    exact = "amount" in told or "period" in told
    return Change({**arguments, "fields": fields}, told, exact and _is_exact(_EXACT, text, value))


def _readdressed(text: str, arguments: Mapping[str, Any]) -> Change | None:
    address = find_address(text)
    if address is None or not _READDRESSED.search(text.replace(address, "")):
        return None
    exact = bool(_EXACT_ADDRESS.fullmatch(text.strip().replace(address, "VALUE")))
    return Change({**arguments, "to": address}, {"to": address}, exact)


def _is_exact(pattern: Any, text: str, value: str) -> bool:
    amounts = find_amounts(text)
    if amounts:
        text = text[: amounts[0].start] + "VALUE" + text[amounts[0].end :]
    else:
        text = text.replace(value, "VALUE", 1)
    return bool(pattern.fullmatch(text.strip()))


def _terms(text: str, known: tuple[str, ...]) -> dict[str, str]:
    found = _TERMS.search(text) if "terms" in known else None
    value = found and (found["ko"] or found["en"] or found["en2"])
    return {"terms": value.strip(" .")} if value else {}


def _by_form(text: str, known: tuple[str, ...]) -> dict[str, str]:
    """An amount or a period, told by its form; none where several could be meant."""
    if not _CHANGES.search(text):
        return {}
    places = {
        "amount": [(a.text, a.start, a.end) for a in find_amounts(text)],
        "period": [(m[0], m.start(), m.end()) for m in _PERIOD.finditer(text)],
    }
    meant = {name: _meant(text, found) for name, found in places.items() if name in known}
    one = {name: value for name, value in meant.items() if value is not None}
    return one if len(one) == 1 else {}


def _meant(text: str, found: list[tuple[str, int, int]]) -> str | None:
    if len(found) > 1:
        found = [f for f in found if _TOWARDS.search(text[f[2] :]) or _TARGET.search(text[: f[1]])]
    return found[0][0] if len(found) == 1 else None


def _by_name(text: str, known: tuple[str, ...]) -> dict[str, str]:
    """A field called by its name with a value as it stands in the text."""
    for field, names in _FIELDS.items():
        if field not in known or field in ("amount", "period"):
            continue
        pattern = _named("|".join(names))
        if found := pattern.search(text):
            value = (found["ko"] or found["en"] or found["en2"] or "").strip(" .,!\"'")
            if value:
                return {field: value}
    return {}


def _named(names: str) -> Any:
    return re2.compile(
        rf"(?i)(?:{names})\s?(?:을|를|은|는|이|가|:)?\s*(?P<ko>\S.*?)\s?(?:으로|로)\s?"
        r"(?:수정|변경|바꿔|고쳐|해|정해|지정|부탁)"
        rf"|\b(?:change|set|update|revise|make|use|put)\s(?:the\s)?(?:{names})\s(?:to|as)\s(?P<en>\S.*?)"
        r"(?:,?\splease)?[.!?]*$"
        rf"|\b(?:{names})\s?(?::|(?:is|should be|must be|will be))\s"
        r"(?P<en2>(?-i:[A-Z0-9\p{Hangul}]).*?)[.!]*$"
    )
