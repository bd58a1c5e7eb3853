"""Contacts for the ear: how many, the first names, one person's details. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from voice_bridge.domain.answer import Answer, Page
from voice_bridge.domain.spoken import FIRST, Teller, answer

_EMAIL_WORDS: Final = ("email", "e-mail", "mail", "이메일", "메일")
_PHONE_WORDS: Final = ("phone", "telephone", "number", "call", "전화", "번호", "연락처 번호")


class People(Teller):
    """One language's way to tell of people."""

    def contacts(self, rows: Sequence[Any], written: str) -> Answer:
        """The contacts that were found."""
        people = [row for row in rows if isinstance(row, dict) and row.get("name")]
        if not people:
            nobody = self.say("I found nobody.", "찾는 분이 연락처에 없습니다.")
            return answer(self.page(nobody), written)
        picks = {str(person["name"]): self._details(person) for person in people}
        if len(people) == 1:
            return self._contact(people[0], written)
        names = [str(person["name"]) for person in people]
        if len(people) <= FIRST:
            page = self.page(
                self.say(
                    f"I found {len(people)} contacts: {self.names(names)}.",
                    f"연락처 {len(people)}건을 찾았습니다. {self.names(names)}입니다.",
                ),
                offer=self.say("Which one do you want?", "어느 분을 찾으세요?"),
            )
            return answer(page, written, picks=picks)
        first = self.page(
            self.say(
                f"I found {len(people)} contacts. The first are {self.names(names[:FIRST])}.",
                f"연락처 {len(people)}건을 찾았습니다. 먼저 {self.names(names[:FIRST])}입니다.",
            ),
            offer=self.say("Shall I go on, or is it one person?", "계속할까요, 아니면 찾는 분이 있으세요?"),
        )
        return answer(first, written, *self.rest(names[FIRST:]), picks=picks)

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
            return answer(self.page(*(f"{each}{self.say('.', ' 입니다.')}" for each in asked)), written)
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
