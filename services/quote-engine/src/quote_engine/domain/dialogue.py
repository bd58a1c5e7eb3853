"""The four-stage talk: what happened, folded into a state, and the reply to the next message.

Stage one takes up what the user said, two and three ask on, four gives comfort and a quotation;
the message after that begins again. Next: `reading`, `wording`, `choice` and `guidance`.
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
from quote_engine import words
from quote_engine.domain import wording
from quote_engine.domain.care import care_for, took_back
from quote_engine.domain.choice import choose, situation_of
from quote_engine.domain.crisis import LEARNED, MEANS, level_of, names_means
from quote_engine.domain.language import composed, language_of
from quote_engine.domain.quotation import Quotation
from quote_engine.domain.reading import Reading, Trained, mood_of, read
from quote_engine.domain.tone import NONSENSE

Stage: TypeAlias = words.Stage

_NEXT: Final[Mapping[int, Stage]] = {0: 1, 1: 2, 2: 3, 3: 4}
_REMEMBERED: Final = 16
"""Messages of the present talk that are kept; those in crisis are no stages and could go on for ever."""
_PASSING: Final = frozenset({"insult", "machine", "thanks", NONSENSE})
"""Tones that only the message has that shows them; a later stage does not come back to them."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One conversation as the log tells it.

    Attributes:
        answered: the last stage answered in the present talk; 0 when the next message begins one.
        said: the user's messages in the present talk that were answered.
        language: of the last reply.
        given: ids of every quotation the conversation has had.
        crises: answers to words of crisis in the present talk.
        before: the same in the talk before it.
        gravest: level of the gravest sign of crisis in these two; 0 for none.
        certain: one of these crises was seen by more than a guess of the trained reader.
        since: the user's messages after the last answer to words of crisis.
        user_id: whose conversation it is, if that is known.
        waiting: text of the messages not answered yet, by event id, in the order of the log.
        attempts: how many attempts at answering the first of them have begun.
    """

    answered: Literal[0, 1, 2, 3] = 0
    said: tuple[str, ...] = ()
    language: Language = "ko"
    given: frozenset[str] = frozenset()
    crises: int = 0
    before: int = 0
    gravest: int = 0
    certain: bool = False
    since: tuple[str, ...] = ()
    user_id: str | None = None
    waiting: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 0

    @property
    def alarmed(self) -> bool:
        """Whether the user was in a crisis, certainly or by a guess, now or in the talk before."""
        return self.crises + self.before > 0


@dataclass(frozen=True, slots=True)
class StageReply:
    """An ordinary reply; the quotation comes with stage four.

    Attributes:
        tones: what the talk is about beside its feeling.
        fragile: the user is, or may be, in a crisis, so no word of it may be changed.
    """

    text: str
    language: Language
    stage: Stage
    mood: Mood
    tones: frozenset[str] = frozenset()
    fragile: bool = False
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
        case CrisisAnswered(sign=sign) as event:
            gravest = max(state.gravest, level_of(sign))
            certain = state.certain or sign != LEARNED
            state = replace(
                state, crises=state.crises + 1, gravest=gravest, certain=certain, language=event.language
            )
            return replace(_heard(state, event.run_id), since=())
        case StageAnswered(stage=4) as event:
            after = Dialogue(
                language=event.language,
                given=state.given | ({event.quote.id} if event.quote else set()),
                before=state.crises,
                gravest=state.gravest if state.crises > 0 else 0,
                certain=state.crises > 0 and state.certain,
                since=_heard(state, event.run_id).since if state.crises > 0 else (),
                user_id=state.user_id,
                waiting=state.waiting,
            )
            return _over(after, event.run_id)
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
    trained: Trained | None = None,
) -> Reply:
    """The reply by the rules, and by the trained reader where there is one.

    Takes time in proportion to the text, with the longest message well below a second; not for an event loop.

    Args:
        text: the message to answer, as it was sent.
        conversation: its key; varies the words and the choice of the quotation.
        recent: ids of the user's last ten quotations.

    Raises:
        NoQuotationError: at stage four, if the collection has none to give.
    """
    language = language_of(composed(text), state.language)
    now = read(text, language, trained)
    earlier = [read(said, language, trained, alarm=False) for said in state.said]
    care = care_for(
        now,
        earlier,
        guessed=state.alarmed and not state.certain,
        helped=state.crises > 0 and not state.since,
    )
    if care.sign is not None:
        return in_crisis(state, care.sign, language)
    later = [*(read(said, language, trained, alarm=False) for said in state.since), now]
    careful = state.alarmed and (state.certain or not took_back(later))
    if careful and names_means(now.text):
        return in_crisis(state, MEANS, language)
    answer = _stage(
        state,
        [*earlier, now],
        language,
        wording.Turn(conversation, len(state.given)),
        careful=careful,
        asking=care.asking,
    )
    return with_quotation(answer, state, conversation, quotations, recent)


def in_crisis(state: Dialogue, sign: str, language: Language) -> CrisisReply:
    """The answer to words of crisis: helplines, and once more when it gets worse."""
    level = level_of(sign)
    worse = level > state.gravest or level == 3
    return CrisisReply(wording.crisis(state.before + state.crises, worse, language), language, sign)


def unread(state: Dialogue, language: Language) -> StageReply:
    """The reply to a message that could not be read in time: it may have been anything, so it is careful."""
    stage, turn = _NEXT[state.answered], wording.Turn("", len(state.given))
    text = f"{wording.careful(stage, language, turn)} {wording.worried(stage, language)}"
    return StageReply(text, language, stage, mood_of([]), fragile=True)


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
        situation=situation_of(
            wording.felt(answer.mood, answer.stage), answer.mood.theme, answer.tones, fragile=answer.fragile
        ),
        seed=f"{conversation}\n{len(state.given)}",
        given=state.given,
        recent=recent,
    )
    return replace(answer, quote=choice.quotation.as_quote(), candidates=choice.candidates)


def _heard(state: Dialogue, message_id: str) -> Dialogue:
    text = state.waiting.get(message_id)
    if text is not None:
        said, since = (*state.said, text)[-_REMEMBERED:], (*state.since, text)[-_REMEMBERED:]
        state = replace(state, said=said, since=since if state.alarmed else ())
    return _over(state, message_id)


def _over(state: Dialogue, message_id: str) -> Dialogue:
    waiting = {key: text for key, text in state.waiting.items() if key != message_id}
    return replace(state, waiting=waiting, attempts=0)


def _stage(
    state: Dialogue,
    talk: Sequence[Reading],
    language: Language,
    turn: wording.Turn,
    *,
    careful: bool,
    asking: bool,
) -> StageReply:
    stage, now, mood = _NEXT[state.answered], talk[-1], mood_of(talk)
    fragile = careful or asking
    if fragile:
        mood = mood.model_copy(update={"category": "hope"})
    found = frozenset().union(*(reading.tones for reading in talk))
    found = (found - _PASSING) | (now.tones & _PASSING)
    if careful:
        text = wording.careful(stage, language, turn)
    else:
        text = wording.ordinary(stage, now, mood, found, language, turn)
    if asking:
        text = wording.asking(text, stage, language)
    return StageReply(text, language, stage, mood, found, fragile)
