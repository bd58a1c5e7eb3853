"""What one text says, by patterns in Korean and English: its kind, filters and details. Pure.

Read next: `request`, which reads a text in the light of the conversation.
"""

import re
from typing import Final, Literal, TypeAlias

from agent_runner.agents.models.addresses import find_address
from agent_runner.agents.models.amounts import find_amount

Kind: TypeAlias = Literal[
    "greeting", "thanks", "help", "introduction", "ask_name", "recall", "contacts", "datasets", "analysis",
    "progress", "report", "draft", "revise", "send", "delete", "documents", "read", "notes", "beyond",
]  # fmt: skip

REGIONS: Final = {
    "서울": "seoul",
    "부산": "busan",
    "대구": "daegu",
    "대전": "daejeon",
    "광주": "gwangju",
    **{city: city.casefold() for city in ("Seattle", "Rome", "Berlin", "London", "Paris", "Tokyo")},
}
PRODUCTS: Final = {
    "노트북": "notebook|laptop",
    "모니터": "monitor",
    "태블릿": "tablet",
    "키보드": "keyboard",
    "의자": "chair",
}

_RULES: Final[tuple[tuple[Kind, tuple[str, ...]], ...]] = (
    (
        "introduction",
        (
            r"\bmy name is \w|\bi am called|\bcall me \w|(?:내|제) 이름은 (?!뭐|무엇|기억)\S",
            r"저는 \S+(?:라고|이라고) 합니다",
        ),
    ),
    (
        "ask_name",
        (
            r"what(?:'s| is) my name|who am i\b|do you (?:know|remember) my name",
            r"(?:내|제) 이름(?:이|은|을)? ?(?:뭐|무엇|기억|알)",
        ),
    ),
    (
        "recall",
        (
            r"what did i (?:ask|say)|(?:my|the) (?:last|previous) (?:question|request)",
            r"did i ask (?:before|earlier)",
            r"(?:아까|전에|방금|이전에).{0,12}(?:물었|물어봤|질문|말했|요청|뭐라고)",
        ),
    ),
    (
        "delete",
        (
            r"\b(?:delete|remove|discard)\b.*\b(?:document|contract|draft|report|e-?mail|it)\b",
            r"\b(?:delete|remove)\b.*\bdoc-",
            r"(?:문서|계약서|보고서|초안|메일|그것|doc-\w+).{0,8}(?:삭제|지워)",
        ),
    ),
    (
        "send",
        (r"\bsend\b|(?:보내|발송|전송)(?:줘|주세요|해|드|고| 줘)|(?:발송|전송)",),
    ),
    (
        "documents",
        (r"\b(?:list|show|what|which)\b.*\bdocuments\b|문서 ?목록|(?:저장된|어떤|모든) ?문서",),
    ),
    (
        "revise",
        (
            r"(?:금액|기간|제목|발주자|수급자|특약|계약서|문서).{0,30}(?:수정|변경|바꿔|고쳐)",
            r"\b(?:change|revise|set|update)\b.*\b(?:amount|price|period|term|title|client|provider|contract)\b",
        ),
    ),
    (
        "draft",
        (
            r"계약서|\b(?:contract|agreement)\b|(?:이메일|메일|e-?mail).{0,12}(?:작성|써|초안|draft)",
            r"\b(?:write|draft|compose)\b.*\be-?mail\b",
        ),
    ),
    (
        "read",
        (r"(?:문서|doc-\w+).{0,6}(?:보여|읽어)|\b(?:read|show|open)\b.*\b(?:document|doc-\w+)",),
    ),
    (
        "report",
        (r"보고서|리포트|\breport\b",),
    ),
    (
        "contacts",
        (
            r"연락처|전화 ?번호|이메일 ?주소|담당자|\bcontacts?\b|phone number|e-?mail address",
            r"\b(?:email|phone|number) (?:of|for)\b|거래처",
        ),
    ),
    (
        "progress",
        (r"프로젝트|진행 ?(?:상황|률|현황)|\bprojects?\b|\bprogress\b|\btasks?\b",),
    ),
    (
        "datasets",
        (r"데이터 ?(?:세트|셋)|데이터 ?목록|어떤 데이터|\bdata ?sets?\b|(?:what|which) data\b",),
    ),
    (
        "analysis",
        (
            r"매출|판매|실적|비용|지출|경비.{0,6}(?:분석|합계|총|월별)",
            r"\b(?:sales|revenue|expenses?|costs?|spending)\b|\banaly[sz]e\b|분석",
        ),
    ),
    (
        "notes",
        (
            r"휴가|연차|병가|출장|경비|법인카드|비밀번호|보안|재택|회의록|회의|규정",
            r"정책|보증|환불|반품|절차|노트|메모|매뉴얼",
            r"\b(?:vacation|leave|policy|policies|remote|onboarding|password|security|release|checklist)\b",
            r"\b(?:warranty|returns?|refunds?|meeting|minutes|notes?|guide|manual|equipment|home office)\b",
        ),
    ),
    (
        "help",
        (
            r"뭘 할 수|무엇을 할 수|뭐 할 수|할 수 있(?:는|니|어|나)",
            r"누구(?:세요|야|니|신)|도움말|도와|\bwhat can you\b|\bwho are you\b|\bwhat are you\b",
            r"\bhelp\b|are you (?:an? )?(?:ai|bot|human|gpt)",
        ),
    ),
    (
        "thanks",
        (r"감사|고마워|고맙|\bthanks?\b|\bthank you\b",),
    ),
    (
        "greeting",
        (
            r"^\W*(?:안녕|반가|하이|헬로|여보세요|hi\b|hello\b|hey\b|good (?:morning|afternoon|evening))",
            r"안녕",
        ),
    ),
)
"""The first kind of which a pattern is found in the message; the order is what decides between several."""
_COMPILED: Final = tuple((kind, re.compile("|".join(patterns), re.IGNORECASE)) for kind, patterns in _RULES)
REFINES = re.compile(
    r"^\W*(?:그\s?중|거기서|이\s?중|그럼|그러면"
    r"|only\b|of those|among those|just\b|and (?:in|for)\b|what about)"
    r"|만\s*(?:보여|알려|골라|줘|요|$)",
    re.IGNORECASE,
)
DOCUMENT_ID = re.compile(r"doc-[0-9a-f]{12}")
_GROUPS: Final = {
    "region": r"지역별|by region|per region|(?:best|worst|top|which) region|어느 지역",
    "product": r"제품별|상품별|어떤 제품|(?:잘|많이) 팔린"
    r"|(?:by|per|best|worst|top|which) product|best.?selling",
    "department": r"부서별|by department|per department",
    "category": r"항목별|by category|per category",
    "month": r"월별|월간|monthly|by month|per month|(?:best|worst|which) month|어느 달",
    "growth": r"성장|증감|추이|growth|trend",
}
_YEAR = re.compile(r"\b((?:19|20)\d\d)(?:년|\b)")
NAME = re.compile(
    r"(?:my name is|i am called|call me)\s+([^\s,.!?]+(?:\s+[A-Z][^\s,.!?]+)?)"
    r"|(?:내|제) 이름은\s+(\S+?)(?:이에요|예요|입니다|이야|야|라고.*|이라고.*)?[\s.!?]*$"
    r"|저는\s+(\S+?)(?:이라고|라고) 합니다",
    re.IGNORECASE,
)


def kind_of(text: str) -> Kind:
    """What the text asks for; ``beyond`` where no pattern is found."""
    return next((kind for kind, pattern in _COMPILED if pattern.search(text)), "beyond")


def filters_of(text: str) -> dict[str, str]:
    """Columns of the sample data to the values that the text names, in the data's own words."""
    lowered = text.casefold()
    region = next((k for k, en in REGIONS.items() if k in text or re.search(rf"\b{en}\b", lowered)), None)
    product = next(
        (k for k, en in PRODUCTS.items() if k in text or re.search(rf"\b(?:{en})s?\b", lowered)), None
    )
    found = {"region": region, "product": product}
    return {column: value for column, value in found.items() if value}


def details_of(text: str, kind: Kind) -> dict[str, str]:
    """What else is in the text: see `request.Request`."""
    found: dict[str, str | None] = {
        "year": match[1] if (match := _YEAR.search(text)) else None,
        "group": _group(text),
        "amount": find_amount(text),
        "document": match[0] if (match := DOCUMENT_ID.search(text)) else None,
        "address": find_address(text),
        "subject": "expenses"
        if re.search(r"비용|지출|경비|expense|cost|spending", text, re.IGNORECASE)
        else None,
        "measure": "units" if re.search(r"수량|판매량|\bunits\b", text, re.IGNORECASE) else None,
    }
    if kind == "contacts":
        found |= _person(text)
    if kind == "draft":
        mail = re.search(r"메일|e-?mail", text, re.IGNORECASE) and not re.search(r"계약서|contract", text)
        found["template"] = "email" if mail else "contract"
    return {name: value for name, value in found.items() if value}


def _group(text: str) -> str | None:
    return next((name for name, pattern in _GROUPS.items() if re.search(pattern, text, re.IGNORECASE)), None)


_PERSON = re.compile(
    r"(?:of|for|find|about|is|get)\s+((?:[A-Z][\w-]+)(?:\s+[A-Z][\w-]+)*)|([A-Z][\w-]+(?:\s+[A-Z][\w-]+)?)'s"
)
_KOREAN_PERSON = re.compile(r"([가-힣]{2,4})\s*(?:님|씨)?(?:의)?\s*(?:연락처|전화|이메일|번호)")
_KOREAN_COMPANY = re.compile(r"([가-힣]+(?:무역|물류|소프트|디자인|바이오|에듀|전자|상사|테크))")
_NO_PERSON: Final = frozenset({"모든", "전체", "전부", "지역", "고객", "거래처", "회사", "우리", "사람"})


def _person(text: str) -> dict[str, str | None]:
    if company := _KOREAN_COMPANY.search(text) or re.search(r"\b(?:at|from)\s+((?:[A-Z][\w-]+\s?)+)", text):
        return {"company": None if _is_region(company[1]) else company[1].strip()}
    found = _KOREAN_PERSON.search(text) or _PERSON.search(text)
    name = next((group for group in found.groups() if group), None) if found else None
    return {"name": None if name is None or name in _NO_PERSON or _is_region(name) else name}


def _is_region(word: str) -> bool:
    return word.strip().casefold() in REGIONS.values() or word.strip() in REGIONS
