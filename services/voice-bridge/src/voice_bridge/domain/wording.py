"""What tools came to in words for the ear: the total or the outstanding fact first, then an offer. Pure.

Nothing here depends on how the agent words the same result for the eye. Read `worded`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from voice_bridge.domain.answer import Answer, Page
from voice_bridge.domain.figures import Figures
from voice_bridge.domain.language import Language, language_of
from voice_bridge.domain.people import People
from voice_bridge.domain.phrases import phrase
from voice_bridge.domain.prose import pages_of
from voice_bridge.domain.spoken import FIRST, answer


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
    tell = _Wording(said, language)
    last = results[-1]
    if failed := [each for each in results if each.failed]:
        return answer(tell.failure(failed[0]), written)
    match last.tool, last.value:
        case "find_contacts", list(rows):
            return People(said, language).contacts(rows, written)
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


def _title(row: Any, key: str) -> str:
    value = row.get(key, "") if isinstance(row, dict) else row
    return str(value).replace("_", " ")


class _Wording(Figures):
    """Lists, notes, and reports with their figures."""

    def failure(self, result: ToolResult) -> Page:
        about = str(result.value).lower()
        if any(words in about for words in ("no dataset", "unknown dataset", "not found", "no such", "없")):
            return self.page(
                self.say("Sorry, I have no data for that.", "죄송합니다, 그에 대한 데이터가 없습니다.")
            )
        return self.page(phrase("failed", self._language))

    def listed(self, english: str, korean: str, titles: Sequence[str], written: str) -> Answer:
        count = len(titles)
        if not count:
            return answer(
                self.page(self.say(f"There are no {english}s yet.", f"아직 {korean}가 없습니다.")), written
            )
        are = f"There is one {english}" if count == 1 else f"There are {count} {english}s"
        some = titles[: FIRST + 2]
        sentence = self.say(
            f"{are}: {self.names(some)}."
            if len(some) == count
            else f"{are}. The first are {self.names(some)}.",
            f"{korean}가 {count}개 있습니다. {self.names(some)}입니다.",
        )
        offer = phrase("go_on", self._language) if len(some) < count else ""
        return answer(self.page(sentence, offer=offer), written, *self.rest(titles[len(some) :]))

    def note(self, rows: Sequence[Any], written: str) -> Answer:
        texts = [str(row["text"]) for row in rows if isinstance(row, dict) and row.get("text")]
        if not texts:
            nothing = self.say("The notes say nothing about it.", "노트에는 그에 대한 내용이 없습니다.")
            return answer(self.page(nothing), written)
        theirs = language_of(texts[0], self._language)
        pages = pages_of(texts[0], theirs)
        if rows[0].get("only_mentioned"):
            none = self.say("The notes have no such policy.", "노트에 그런 규정은 없습니다.")
            ask = self.say("Shall I read the nearest to you?", "가장 가까운 내용을 읽어 드릴까요?")
            return answer(self.page(none, offer=ask), written, *pages)
        if theirs != self._language:
            found = self.say("I found a note, and it is in Korean.", "노트를 찾았는데 영어로 되어 있습니다.")
            ask = self.say("Shall I read it to you?", "읽어 드릴까요?")
            return answer(self.page(found, offer=ask), written, *pages)
        return Answer(tuple(pages), written)

    def report(
        self, title: str, markdown: str, analyses: Sequence[Any], written: str, *, is_new: bool
    ) -> Answer:
        done = self.say(f"The {_lowered(self.name(title))} is ready.", f"{title}가 준비되었습니다.")
        here = self.say(f"Here is {self.name(title)}.", f"{title}입니다.")
        facts = [self.total(each) for each in analyses[:1] if isinstance(each, dict)]
        offer = self.say("Shall I read it to you?", "읽어 드릴까요?")
        tables = [
            page
            for each in analyses
            if isinstance(each, dict) and each.get("rows")
            for page in self.table(each)
        ]
        pages = tables or pages_of(markdown, language_of(markdown, self._language))
        return answer(self.page(done if is_new else here, *facts, offer=offer), written, *pages)


def _lowered(title: str) -> str:
    return title[:1].lower() + title[1:]
