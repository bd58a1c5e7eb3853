"""What tools came to in words for the ear: the total or the outstanding fact first, then an offer. Pure.

Nothing here depends on how the agent words the same result for the eye. Read `worded`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from voice_bridge.domain.answer import Answer, Page
from voice_bridge.domain.language import Language, language_of, romanized
from voice_bridge.domain.phrases import phrase
from voice_bridge.domain.prose import pages_of
from voice_bridge.domain.reading import rounded

_FIRST: Final = 3
"""Names on the first page of a list: what one can keep in mind."""
_NEXT: Final = 4
_EMAIL_WORDS: Final = ("email", "e-mail", "mail", "이메일", "메일")
_PHONE_WORDS: Final = ("phone", "telephone", "number", "call", "전화", "번호", "연락처 번호")


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What one call of a tool came to.

    Attributes:
        value: its JSON; text where it was none.
    """

    tool: str
    value: Any
    failed: bool = False


def worded(said: str, results: Sequence[ToolResult], written: str, language: Language) -> Answer | None:
    """The spoken answer to what was said; None where the results are of no kind that is known here.

    Args:
        written: the agent's own answer, which is shown.
    """
    if not results:
        return None
    tell = _Telling(said, language)
    last = results[-1]
    if failed := [each for each in results if each.failed]:
        return _answer(tell.failure(failed[0]), written)
    match last.tool, last.value:
        case "find_contacts", list(rows):
            return tell.contacts(rows, written)
        case "analyze_dataset", dict():
            found = [
                each.value for each in results if each.tool == last.tool and isinstance(each.value, dict)
            ]
            return tell.analysis(found, written)
        case "list_datasets", list(rows):
            return tell.listed("data set", "데이터 세트", [_title(row, "dataset") for row in rows], written)
        case "list_documents", list(rows):
            return tell.listed("document", "문서", [_title(row, "title") for row in rows], written)
        case "search_notes", list(rows):
            return tell.note(rows, written)
        case "write_report" | "read_document", {"title": str(title), "markdown": str(markdown)}:
            found = [each.value for each in results if each.tool == "analyze_dataset"]
            return tell.report(title, markdown, found, written, is_new=last.tool == "write_report")
    return None


def _answer(page: Page, written: str, *more: Page, picks: Mapping[str, Page] | None = None) -> Answer:
    return Answer((page, *more), written, picks or {})


def _title(row: Any, key: str) -> str:
    value = row.get(key, "") if isinstance(row, dict) else row
    return str(value).replace("_", " ")


class _Telling:
    """One language's way to say things."""

    def __init__(self, said: str, language: Language) -> None:
        self._said = said.casefold()
        self._language = language

    def say(self, english: str, korean: str) -> str:
        return korean if self._language == "ko" else english

    def page(self, *sentences: str, offer: str = "") -> Page:
        return Page(tuple(filter(None, sentences)), self._language, offer)

    def name(self, text: Any, *, of_person: bool = False) -> str:
        """A name, in letters that a voice of the language reads."""
        return str(text) if self._language == "ko" else romanized(str(text), names=of_person)

    def names(self, all_of_them: Sequence[str]) -> str:
        named = [self.name(each, of_person=True) for each in all_of_them]
        if self._language == "ko" or len(named) == 1:
            return ", ".join(named)
        return ", ".join(named[:-1]) + f" and {named[-1]}"

    def failure(self, result: ToolResult) -> Page:
        about = str(result.value).lower()
        if any(words in about for words in ("no dataset", "unknown dataset", "not found", "no such", "없")):
            return self.page(
                self.say("Sorry, I have no data for that.", "죄송합니다, 그에 대한 데이터가 없습니다.")
            )
        return self.page(phrase("failed", self._language))

    def contacts(self, rows: Sequence[Any], written: str) -> Answer:
        people = [row for row in rows if isinstance(row, dict) and row.get("name")]
        if not people:
            nobody = self.say("I found nobody.", "찾는 분이 연락처에 없습니다.")
            return _answer(self.page(nobody), written)
        picks = {str(person["name"]): self._details(person) for person in people}
        if len(people) == 1:
            return self._contact(people[0], written)
        names = [str(person["name"]) for person in people]
        if len(people) <= _FIRST:
            page = self.page(
                self.say(
                    f"I found {len(people)} contacts: {self.names(names)}.",
                    f"연락처 {len(people)}건을 찾았습니다. {self.names(names)}입니다.",
                ),
                offer=self.say("Which one do you want?", "어느 분을 찾으세요?"),
            )
            return _answer(page, written, picks=picks)
        first = self.page(
            self.say(
                f"I found {len(people)} contacts. The first are {self.names(names[:_FIRST])}.",
                f"연락처 {len(people)}건을 찾았습니다. 먼저 {self.names(names[:_FIRST])}입니다.",
            ),
            offer=self.say("Shall I go on, or is it one person?", "계속할까요, 아니면 찾는 분이 있으세요?"),
        )
        return _answer(first, written, *self._rest(names[_FIRST:]), picks=picks)

    def _rest(self, names: Sequence[str]) -> list[Page]:
        pages = []
        for start in range(0, len(names), _NEXT):
            some = names[start : start + _NEXT]
            is_last = start + _NEXT >= len(names)
            which, korean = ("The last", "마지막으로") if is_last else ("Next", "다음은")
            verb = "is" if len(some) == 1 else "are"
            sentence = self.say(f"{which} {verb} {self.names(some)}.", f"{korean} {self.names(some)}입니다.")
            pages.append(self.page(sentence, offer="" if is_last else phrase("go_on", self._language)))
        return pages

    def _contact(self, person: Mapping[str, Any], written: str) -> Answer:
        name = self.name(person["name"], of_person=True)
        asked = []
        if any(word in self._said for word in _EMAIL_WORDS) and person.get("email"):
            asked.append(
                self.say(
                    f"{name}'s e-mail address is {person['email']}",
                    f"{name} 님의 이메일은 {person['email']}",
                )
            )
        if any(word in self._said for word in _PHONE_WORDS) and person.get("phone"):
            asked.append(
                self.say(
                    f"{name}'s telephone number is {person['phone']}",
                    f"{name} 님의 전화번호는 {person['phone']}",
                )
            )
        if asked:
            return _answer(self.page(*(f"{each}{self.say('.', ' 입니다.')}" for each in asked)), written)
        details = self._details(person)
        email = f"{person.get('email', '')}{self.say('.', ' 입니다.')}"
        phone = f"{person.get('phone', '')}{self.say('.', ' 입니다.')}"
        picks = {word: self.page(email) for word in _EMAIL_WORDS}
        picks |= {word: self.page(phone) for word in _PHONE_WORDS}
        return Answer((details,), written, picks)

    def _details(self, person: Mapping[str, Any]) -> Page:
        name, role = self.name(person["name"], of_person=True), self.name(person.get("role") or "")
        company, region = self.name(person.get("company") or ""), self.name(person.get("region") or "")
        work = " ".join(
            filter(None, [role, f"at {company}" if company else "", f"in {region}" if region else ""])
        )
        return self.page(
            self.say(
                f"{name} is {work}." if work else f"I found {name}.",
                f"{name} 님은 {' '.join(filter(None, [company, role]))}입니다.",
            ),
            offer=self.say(
                "Do you want the telephone number or the e-mail address?",
                "전화번호와 이메일 중 무엇을 알려 드릴까요?",
            ),
        )

    def listed(self, english: str, korean: str, titles: Sequence[str], written: str) -> Answer:
        count = len(titles)
        if not count:
            return _answer(
                self.page(self.say(f"There are no {english}s yet.", f"아직 {korean}가 없습니다.")), written
            )
        are = f"There is one {english}" if count == 1 else f"There are {count} {english}s"
        some = titles[: _FIRST + 2]
        sentence = self.say(
            f"{are}: {self.names(some)}."
            if len(some) == count
            else f"{are}. The first are {self.names(some)}.",
            f"{korean}가 {count}개 있습니다. {self.names(some)}입니다.",
        )
        offer = phrase("go_on", self._language) if len(some) < count else ""
        return _answer(self.page(sentence, offer=offer), written, *self._rest(titles[len(some) :]))

    def note(self, rows: Sequence[Any], written: str) -> Answer:
        texts = [str(row["text"]) for row in rows if isinstance(row, dict) and row.get("text")]
        if not texts:
            nothing = self.say("The notes say nothing about it.", "노트에는 그에 대한 내용이 없습니다.")
            return _answer(self.page(nothing), written)
        theirs = language_of(texts[0], self._language)
        pages = pages_of(texts[0], theirs)
        if theirs != self._language:
            found = self.say("I found a note, and it is in Korean.", "노트를 찾았는데 영어로 되어 있습니다.")
            ask = self.say("Shall I read it to you?", "읽어 드릴까요?")
            return _answer(self.page(found, offer=ask), written, *pages)
        return Answer(tuple(pages), written)

    def report(
        self, title: str, markdown: str, analyses: Sequence[Any], written: str, *, is_new: bool
    ) -> Answer:
        done = self.say(f"The {_lowered(self.name(title))} is ready.", f"{title}가 준비되었습니다.")
        here = self.say(f"Here is {self.name(title)}.", f"{title}입니다.")
        facts = [self._total(each) for each in analyses[:1] if isinstance(each, dict)]
        offer = self.say("Shall I read it to you?", "읽어 드릴까요?")
        tables = [
            page
            for each in analyses
            if isinstance(each, dict) and each.get("rows")
            for page in self._table(each)
        ]
        pages = tables or pages_of(markdown, language_of(markdown, self._language))
        return _answer(self.page(done if is_new else here, *facts, offer=offer), written, *pages)

    def analysis(self, found: Sequence[Mapping[str, Any]], written: str) -> Answer:
        groups = [each for each in found if each.get("group_by") and each.get("rows")]
        if not groups:
            return _answer(self.page(self._total(found[-1])), written)
        asked = next((each for each in groups if self._asks_for(str(each["group_by"]))), groups[0])
        others = [each for each in groups if each is not asked]
        pages = [page for each in (asked, *others) for page in self._table(each)]
        offer = self.say("Shall I go through the figures?", "더 말씀드릴까요?")
        return _answer(self.page(self.headline(asked), offer=offer), written, *pages)

    def _asks_for(self, group: str) -> bool:
        return any(word in self._said for word in (group, *_GROUPS.get(group, ())))

    def headline(self, found: Mapping[str, Any]) -> str:
        """The total, and which group stands out."""
        total = self._total(found)
        group = found.get("group_by")
        is_share = self._is_share(found)
        outstanding = found.get("worst") if is_share else found.get("best")
        if not (isinstance(outstanding, dict) and group):
            return total
        name, value = self._group(outstanding.get(group)), self._value(found, outstanding.get("value"))
        if is_share:
            return total + self.say(
                f" {name} is furthest behind, at {value}.", f" 가장 늦은 것은 {name}, {value}입니다."
            )
        return total + self.say(f" {name} stands out with {value}.", f" 최고는 {name}, {value}입니다.")

    def _total(self, found: Mapping[str, Any]) -> str:
        subject = str(found.get("dataset", "")).replace("_", " ")
        value = self._value(found, found.get("total"))
        kind = found.get("aggregate")
        name = self.say(subject, _KOREAN_SUBJECTS.get(subject.split()[0] if subject else "", subject))
        year = next((part for part in subject.split() if part.isdecimal()), "")
        english = " ".join(part for part in subject.split() if part != year)
        when = f" in {year}" if year else ""
        if kind == "avg":
            return self.say(f"The average of {english}{when} is {value}.", f"{name} 평균은 {value}입니다.")
        if kind == "count":
            return self.say(f"There are {value} {english} in all.", f"{name}는 모두 {value}건입니다.")
        korean = f"{year}년 {name}" if year else name
        return self.say(f"{english.capitalize()}{when} come to {value}.", f"{korean} 합계는 {value}입니다.")

    def _value(self, found: Mapping[str, Any], value: Any) -> str:
        if not isinstance(value, int | float):
            return self.name(value)
        text = rounded(float(value), self._language)
        share = f"{round(float(value))} {self.say('percent', '퍼센트')}"
        return share if self._is_share(found) else text

    @staticmethod
    def _is_share(found: Mapping[str, Any]) -> bool:
        return found.get("measure") == "progress" and found.get("aggregate") == "avg"

    def _group(self, value: Any) -> str:
        """A group's name; the year of a month is told by the total."""
        text = self.name(value)
        year, dash, month = text.partition("-")
        if dash and year.isdecimal() and month.isdecimal() and 1 <= int(month) <= len(_MONTHS):
            return self.say(_MONTHS[int(month) - 1], f"{int(month)}월")
        return text

    def _table(self, found: Mapping[str, Any]) -> list[Page]:
        group = str(found["group_by"])
        rows = [row for row in found["rows"] if isinstance(row, dict)]
        pages = []
        for start in range(0, len(rows), _FIRST):
            parts = [
                f"{self._group(row.get(group))} {self._value(found, row.get('value'))}"
                for row in rows[start : start + _FIRST]
            ]
            sentence = (self.say("", "") if start else self.say(f"By {group}: ", "")) + ", ".join(parts) + "."
            pages.append(self.page(sentence, offer=phrase("go_on", self._language)))
        return pages


def _lowered(title: str) -> str:
    return title[:1].lower() + title[1:]


_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_KOREAN_SUBJECTS: Final = {"sales": "매출", "expenses": "비용", "projects": "프로젝트", "contacts": "연락처"}
_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "month": ("월별", "달별"),
    "region": ("지역", "regions"),
    "product": ("제품", "상품"),
    "department": ("부서",),
    "category": ("항목", "분류"),
    "project": ("프로젝트",),
    "status": ("상태",),
}
