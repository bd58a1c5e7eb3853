"""Figures for the ear: the total, what stands out, and tables page by page. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from voice_bridge.domain.answer import Answer, Page
from voice_bridge.domain.phrases import phrase
from voice_bridge.domain.reading import rounded
from voice_bridge.domain.spoken import FIRST, Teller, answer

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


class Figures(Teller):
    """One language's way to tell figures."""

    def analysis(self, found: Sequence[Mapping[str, Any]], written: str) -> Answer:
        """What analyses came to, that of what was asked for first."""
        groups = [each for each in found if each.get("group_by") and each.get("rows")]
        if not groups:
            return answer(self.page(self.total(found[-1])), written)
        asked = next((each for each in groups if self._asks_for(str(each["group_by"]))), groups[0])
        others = [each for each in groups if each is not asked]
        pages = [page for each in (asked, *others) for page in self.table(each)]
        offer = self.say("Shall I go through the figures?", "더 말씀드릴까요?")
        return answer(self.page(self.headline(asked), offer=offer), written, *pages)

    def _asks_for(self, group: str) -> bool:
        return any(word in self._said for word in (group, *_GROUPS.get(group, ())))

    def headline(self, found: Mapping[str, Any]) -> str:
        """The total, and which group stands out."""
        total = self.total(found)
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

    def total(self, found: Mapping[str, Any]) -> str:
        """What it comes to altogether."""
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

    def table(self, found: Mapping[str, Any]) -> list[Page]:
        """The groups, a few at once."""
        group = str(found["group_by"])
        rows = [row for row in found["rows"] if isinstance(row, dict)]
        pages = []
        for start in range(0, len(rows), FIRST):
            parts = [
                f"{self._group(row.get(group))} {self._value(found, row.get('value'))}"
                for row in rows[start : start + FIRST]
            ]
            sentence = (self.say("", "") if start else self.say(f"By {group}: ", "")) + ", ".join(parts) + "."
            pages.append(self.page(sentence, offer=phrase("go_on", self._language)))
        return pages
