"""The four-stage talk: what happened, folded into a state, and the reply to the next message.

Stage one takes up what the user said, two and three ask on, four gives comfort and a quotation;
the message after that begins again. Next: `mood`, `crisis`, `choice` and `guidance`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias, TypedDict

from contracts.envelope import Recorded
from contracts.events import (
    ConversationDeleted,
    ConversationStarted,
    MessageReceived,
    RunCancelled,
    RunFailed,
    RunStarted,
)
from contracts.events.quote import (
    Candidate,
    CrisisAnswered,
    Language,
    Mood,
    Quote,
    StageAnswered,
)
from quote_engine.domain import phrases
from quote_engine.domain.choice import choose
from quote_engine.domain.crisis import crisis_reply, find_crisis
from quote_engine.domain.language import language_of
from quote_engine.domain.mood import read_mood
from quote_engine.domain.quotation import Quotation
from quote_engine.domain.takeup import take_up

Stage: TypeAlias = Literal[1, 2, 3, 4]

_NEXT: Final[Mapping[int, Stage]] = {0: 1, 1: 2, 2: 3, 3: 4}
_REMEMBERED: Final = 16
"""Messages of the present talk that are kept; those in crisis are no stages and could go on for ever."""
_MIXED: Final = 0.75
"""Two emotions are mixed when the weaker has at least this part of the stronger one's weight."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One conversation as the log tells it.

    Attributes:
        answered: the last stage answered in the present talk; 0 when the next message begins one.
        said: the user's messages in the present talk that were answered.
        language: of the last reply.
        given: ids of every quotation the conversation has had.
        in_crisis: the present talk had words of crisis in it.
        user_id: whose conversation it is, if that is known.
        waiting: text of the messages not answered yet, by event id, in the order of the log.
        attempts: how many attempts at answering the first of them have begun.
    """

    answered: Literal[0, 1, 2, 3] = 0
    said: tuple[str, ...] = ()
    language: Language = "ko"
    given: frozenset[str] = frozenset()
    in_crisis: bool = False
    user_id: str | None = None
    waiting: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class StageReply:
    """An ordinary reply; the quotation comes with stage four."""

    text: str
    language: Language
    stage: Stage
    mood: Mood
    quote: Quote | None = None
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class CrisisReply:
    """Helplines; the talk stays where it is."""

    text: str
    language: Language
    sign: str


Reply: TypeAlias = StageReply | CrisisReply


class RunFacts(TypedDict):
    """What every event of a run carries (`RunEvent`)."""

    run_id: str
    message_sequence: int
    attempt: int


def evolve(state: Dialogue, recorded: Recorded) -> Dialogue:
    """The state after one more event of the conversation; events of other kinds change nothing."""
    match recorded.event:
        case ConversationStarted(user_id=user_id):
            return Dialogue(user_id=user_id)
        case MessageReceived(text=text):
            return replace(state, waiting={**state.waiting, recorded.id: text})
        case RunStarted(attempt=attempt):
            return replace(state, attempts=attempt)
        case CrisisAnswered() as event:
            return replace(_heard(state, event.run_id), language=event.language, in_crisis=True)
        case StageAnswered(stage=4) as event:
            given = state.given | ({event.quote.id} if event.quote else set())
            state = replace(state, answered=0, said=(), in_crisis=False, language=event.language, given=given)
            return _over(state, event.run_id)
        case StageAnswered(stage=(1 | 2 | 3) as stage) as event:
            return replace(_heard(state, event.run_id), answered=stage, language=event.language)
        case RunFailed(run_id=run_id) | RunCancelled(run_id=run_id):
            return _over(state, run_id)
        case ConversationDeleted():
            return Dialogue()
        case _:
            return state


def reply(
    state: Dialogue,
    text: str,
    *,
    conversation: str,
    quotations: Sequence[Quotation],
    recent: Collection[str] = (),
) -> Reply:
    """The reply by the rules.

    Args:
        text: the message to answer.
        conversation: its key; varies the choice of the quotation.
        recent: ids of the user's last ten quotations.

    Raises:
        NoQuotationError: at stage four, if the collection has none to give.
    """
    language = language_of(text, state.language)
    if sign := find_crisis(text):
        return CrisisReply(text=crisis_reply(language), language=language, sign=sign)
    stage = _NEXT[state.answered]
    mood = read_mood([*state.said, text], language)
    if state.in_crisis:
        mood = mood.model_copy(update={"category": "hope"})
    answer = StageReply(text=_text(stage, text, mood, language), language=language, stage=stage, mood=mood)
    return with_quotation(answer, state, conversation, quotations, recent)


def fact(answer: Reply, state: Dialogue, facts: RunFacts) -> StageAnswered | CrisisAnswered:
    """What the log is told about a reply."""
    if isinstance(answer, CrisisReply):
        return CrisisAnswered(
            **facts,
            user_id=state.user_id,
            stage=state.answered,
            language=answer.language,
            sign=answer.sign,
        )
    return StageAnswered(
        **facts,
        user_id=state.user_id,
        stage=answer.stage,
        language=answer.language,
        mood=answer.mood,
        quote=answer.quote,
        candidates=answer.candidates,
    )


def with_quotation(
    answer: StageReply,
    state: Dialogue,
    conversation: str,
    quotations: Sequence[Quotation],
    recent: Collection[str],
) -> StageReply:
    """The reply with the quotation that fits its mood, if it is of stage four."""
    if answer.stage != 4:
        return answer
    choice = choose(
        quotations,
        answer.mood,
        answer.language,
        seed=f"{conversation}\n{len(state.given)}",
        given=state.given,
        recent=recent,
    )
    return replace(answer, quote=choice.quotation.as_quote(), candidates=choice.candidates)


def _heard(state: Dialogue, message_id: str) -> Dialogue:
    text = state.waiting.get(message_id)
    said = state.said if text is None else (*state.said, text)[-_REMEMBERED:]
    return _over(replace(state, said=said), message_id)


def _over(state: Dialogue, message_id: str) -> Dialogue:
    waiting = {key: text for key, text in state.waiting.items() if key != message_id}
    return replace(state, waiting=waiting, attempts=0)


def _text(stage: Stage, message: str, mood: Mood, language: Language) -> str:
    said = take_up(message, language)
    if stage == 4:
        return phrases.COMFORT[language]
    if stage == 1:
        return opening(said, language)
    start = phrases.TAKEN_UP.replace("{said}", said) if said else ""
    if stage == 2:
        question = phrases.ASK_FEELING[language].get(mood.emotion, phrases.ASK_FEELING_OTHERWISE[language])
        heard = phrases.MIXED[language] if _mixed(mood) else phrases.HEARD[language][mood.emotion]
        return f"{start}{heard} {question}"
    need = phrases.ASK_JOY[language] if mood.emotion == "joy" else phrases.ASK_NEED[language][mood.theme]
    return f"{start}{phrases.STAYED[language][mood.emotion]} {need}"


def opening(said: str | None, language: Language) -> str:
    """The reply of stage one, with what the user said in it."""
    if said is None:
        return phrases.OPENING_WITHOUT_WORDS[language]
    return phrases.OPENING[language].replace("{said}", said)


def _mixed(mood: Mood) -> bool:
    weights = sorted(mood.emotions.values(), reverse=True)
    return "joy" in mood.emotions and len(weights) > 1 and weights[1] >= _MIXED * weights[0]
