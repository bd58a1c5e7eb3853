"""The calls that create a voice session, and the query of its connection."""

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import Field, ValidationError

from protocols.voice.wire import DEFAULT_VOICE, FIELD_CODES, FrameError, Frozen, Language, Voice

GraphName: TypeAlias = Annotated[str, Field(min_length=1, max_length=128)]


class SessionSettings(Frozen):
    """Body of the calls that create a session; `graph` is what answers where the engine asks one."""

    voice: Voice = DEFAULT_VOICE
    show_text: bool = True
    graph: GraphName | None = None


class SessionCreated(Frozen):
    """Answer of the calls that create a session."""

    session_id: str
    voice: Voice
    show_text: bool


class ConnectQuery(Frozen):
    """Query of a connection; a setting that is left out is None, and the stored one applies.

    Attributes:
        graph: what answers, if the session was made for none and nobody has connected to it yet.
    """

    token: str | None = None
    voice: Voice | None = None
    show_text: bool | None = None
    lang: Language | None = None
    graph: GraphName | None = None


def read_query(parameters: Mapping[str, str]) -> tuple[ConnectQuery, tuple[FrameError, ...]]:
    """What a connection asks for, and what of it was not understood and so left out."""
    known = {name: parameters[name] for name in ConnectQuery.model_fields if name in parameters}
    try:
        return ConnectQuery.model_validate(known), ()
    except ValidationError as error:
        problems = []
        for detail in error.errors(include_url=False, include_input=False):
            name = str(detail["loc"][0])
            del known[name]
            code = FIELD_CODES.get(name, "invalid_message")
            problems.append(FrameError(code, f"{name}: {detail['msg']}"))
        return ConnectQuery.model_validate(known), tuple(problems)
