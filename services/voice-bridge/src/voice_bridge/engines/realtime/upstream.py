"""What the Realtime API's events mean; pure. One `Upstream` follows one session.

Source: the GA event names of the Realtime API; events are the JSON objects of the wire.
"""

from base64 import b64decode
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from voice_bridge.domain.speech import (
    AudioChunk,
    ReplyDone,
    ReplyText,
    SpeechStarted,
    SpeechStopped,
    TurnCommitted,
    UserTranscript,
    duration_ms,
)
from voice_bridge.engines.realtime.model import ClientEvent
from voice_bridge.engines.realtime.outcomes import (
    KNOWN,
    ApprovalRequest,
    Fault,
    Outcome,
    ToolRequest,
    Unread,
    failure,
    shortfall,
    tokens,
)


@dataclass(frozen=True, slots=True)
class _SpokenOver:
    """A reply that the user began to speak over, as it was then.

    Attributes:
        response: the server's name for it while it was being made, else empty.
        sent_ms: the audio of its items that had come.
    """

    turn: str
    response: str
    sent_ms: Mapping[str, float]


class Upstream:
    """What is known about one upstream session.

    Attributes:
        is_ready: the session is set up and takes audio.
        user_speaks: server-side voice detection hears the user.
        owes_reply: the user's turn ended, or a reply was asked for, and none of it has come yet.
    """

    def __init__(self, name: str) -> None:
        """Follow a new session; `name` keeps the ids of its replies apart from those of others."""
        self.is_ready = False
        self.user_speaks = False
        self.owes_reply = False
        self._name = name
        self._numbers = count(1)
        self._reply = ""
        self._response = ""
        self._cancelled: deque[str] = deque(maxlen=8)
        self._sent_ms: dict[str, float] = {}
        self._over: _SpokenOver | None = None
        self._speech_began: dict[str, int] = {}
        self._speech_ms: dict[str, int] = {}
        self._ended_by_hand_ms = 0
        self._approvals: dict[str, ApprovalRequest] = {}
        """What the present response asks for, by its id; answered when the response is over."""
        self._has_said = False
        self._turns: deque[str] = deque()
        self._timed_out = ""
        self._transcripts: dict[str, str] = {}

    @property
    def is_answering(self) -> bool:
        """Whether a reply is on its way or under way."""
        return self.owes_reply or bool(self._response)

    @property
    def is_idle(self) -> bool:
        """Whether nobody speaks or is about to, and nothing that was said is still being put into text."""
        return not (self.is_answering or self.user_speaks or self._turns)

    @property
    def reply(self) -> str:
        """The reply that was begun and has not ended; empty for none."""
        return self._reply

    def asked(self, turn_ms: int = 0) -> None:
        """A reply was asked for by hand, and a turn of this length ended by it."""
        self.owes_reply = True
        self._ended_by_hand_ms = turn_ms

    def receive(self, event: Mapping[str, Any]) -> list[Outcome]:
        """What an event of the server means; unknown ones mean nothing."""
        match event["type"]:
            case "session.updated":
                self.is_ready = True
            case "conversation.item.input_audio_transcription.completed":
                return self._transcribed(event["item_id"], event["transcript"].strip())
            case "conversation.item.input_audio_transcription.failed":
                return self._transcribed(event["item_id"], "")
            case str(name) if name.startswith("input_audio_buffer."):
                return self._on_input(name, event)
            case "conversation.item.done":
                return self._asks_approval(event["item"], later=bool(self._response))
            case "mcp_list_tools.failed":
                return [Fault("foreign_tool", "the tools of an MCP server cannot be listed")]
            case "error":
                return self._failed(event.get("error"))
            case str(name) if name.startswith("response."):
                return self._on_response(name, event)
            case str(name) if name not in KNOWN:
                return [Unread(name)]
        return []

    def _on_input(self, name: str, event: Mapping[str, Any]) -> list[Outcome]:
        match name:
            case "input_audio_buffer.speech_started":
                self.user_speaks = True
                self._speech_began[event["item_id"]] = event["audio_start_ms"]
                self._speak_over(event["item_id"])
                return [SpeechStarted(event["item_id"])]
            case "input_audio_buffer.speech_stopped":
                self.user_speaks = False
                began = self._speech_began.pop(event["item_id"], event["audio_end_ms"])
                self._speech_ms[event["item_id"]] = max(0, event["audio_end_ms"] - began)
                return [SpeechStopped()]
            case "input_audio_buffer.committed":
                return self._committed(event["item_id"])
            case "input_audio_buffer.timeout_triggered":
                self._timed_out = event["item_id"]
                return []
        return [] if name in KNOWN else [Unread(name)]

    def _committed(self, item: str) -> list[Outcome]:
        self.user_speaks = False
        self.owes_reply = True
        if item == self._timed_out:
            return []  # silence, which the service itself breaks
        self._turns.append(item)
        self._speech_ms.setdefault(item, self._ended_by_hand_ms)
        self._ended_by_hand_ms = 0
        return [TurnCommitted(item)]

    def _transcribed(self, item: str, text: str) -> list[Outcome]:
        """Transcripts come in any order and are given in the order of the turns."""
        if item == self._timed_out:
            return []
        self._transcripts[item] = text
        outcomes: list[Outcome] = []
        while self._turns and self._turns[0] in self._transcripts:
            turn = self._turns.popleft()
            outcomes.append(UserTranscript(turn, self._transcripts.pop(turn), self._speech_ms.pop(turn, 0)))
        return outcomes

    def _on_response(self, name: str, event: Mapping[str, Any]) -> list[Outcome]:
        if name == "response.created":
            self._response = event["response"]["id"]
            self.owes_reply = self._has_said = False
            self._approvals.clear()
            if not self._reply:
                self._reply = f"{self._name}-{next(self._numbers)}"
                self._sent_ms = {}
            return []
        if name == "response.done":
            return self._response_done(event["response"])
        if event.get("response_id") in self._cancelled or not self._reply:
            return []
        match name:
            case "response.output_audio_transcript.delta" | "response.output_text.delta":
                self._has_said = True
                return [ReplyText(self._reply, self._segment(event["item_id"]), event["delta"])]
            case "response.mcp_call.failed":
                return [Fault("foreign_tool", f"the call {event.get('item_id')} to an MCP server failed")]
            case "response.output_audio.delta":
                self._has_said = True
                pcm = b64decode(event["delta"])
                segment = self._segment(event["item_id"])
                self._sent_ms[event["item_id"]] += duration_ms(pcm)
                return [AudioChunk(self._reply, segment, pcm)]
        return []

    def _segment(self, item: str) -> int:
        self._sent_ms.setdefault(item, 0.0)
        return list(self._sent_ms).index(item)

    def _response_done(self, response: Mapping[str, Any]) -> list[Outcome]:
        spent: list[Outcome] = tokens(response.get("usage"))
        if response["id"] == self._response:
            self._response = ""
        if response["id"] in self._cancelled or not self._reply:
            return spent
        output = response.get("output") or ()
        told = [outcome for item in output for outcome in self._asks_approval(item, later=True)]
        requests: list[Outcome] = [
            ToolRequest(self._reply, item["call_id"], item["name"], item["arguments"])
            for item in output
            if item["type"] == "function_call"
        ]
        requests += self._approvals.values()
        self._approvals.clear()
        is_complete = response.get("status") == "completed"
        if is_complete and (requests or any(item["type"] == "mcp_call" for item in output)):
            self.owes_reply = True
            return spent + told + requests
        reply, self._reply = self._reply, ""
        if is_complete and not self._has_said:
            told.append(Fault("no_answer", "the response is empty"))
        return [*spent, *told, *shortfall(response), ReplyDone(reply)]

    def _asks_approval(self, item: Mapping[str, Any], *, later: bool) -> list[Outcome]:
        """What an item asks for, if that is an approval; `later`: answered when the response is over."""
        if item.get("type") != "mcp_approval_request" or item["id"] in self._approvals:
            return []
        request = ApprovalRequest(self._reply, item["id"])
        told = Fault("needs_approval", f"{item['name']} of an MCP server needs an approval", item["name"])
        if later:
            self._approvals[item["id"]] = request
            return [told]
        self.owes_reply = True
        return [told, request]

    def _failed(self, error: object) -> list[Outcome]:
        outcomes = failure(error)
        if outcomes and not self._response:
            self.owes_reply = False
        return outcomes

    def give_up(self) -> list[Outcome]:
        """Nothing comes of the reply that is waited for."""
        reply, self._reply = self._reply, ""
        self._cancelled.append(self._response)
        self._response, self.owes_reply = "", False
        return [Fault("service_silent", "no reply in time"), *([ReplyDone(reply)] if reply else [])]

    def break_off(self) -> list[Outcome]:
        """The connection is lost: what was being said, by either side, is not said to its end."""
        reply, self._reply = self._reply, ""
        outcomes: list[Outcome] = [ReplyDone(reply)] if reply else []
        if self._response and self._has_said:
            outcomes.insert(0, Fault("cut_off", "the connection was lost in the middle of a reply"))
        elif self._response:
            self.owes_reply = True
        if self.user_speaks:
            outcomes += [SpeechStopped(), Fault("say_again", "the connection was lost while the user spoke")]
        self._response, self.user_speaks = "", False
        return outcomes

    def _speak_over(self, turn: str) -> None:
        """The user begins a turn: the reply there is, if any, is over."""
        if self._response or self._sent_ms:
            self._over = _SpokenOver(turn, self._response, self._sent_ms)
            self._cancelled.append(self._response)
        self._reply, self._response, self._sent_ms, self.owes_reply = "", "", {}, False

    def interrupt(self, heard_ms: int, turn: str | None) -> list[ClientEvent]:
        """What makes the server forget the part of a reply that was not heard.

        Args:
            turn: the turn that began over it; None for the present or last reply.
        """
        if turn is None:
            self._speak_over("")
        over, self._over = self._over, None
        if over is None or over.turn != (turn or ""):
            return []
        events: list[ClientEvent] = [{"type": "response.cancel"}] if over.response else []
        left = float(heard_ms)
        for item, sent_ms in over.sent_ms.items():
            if left <= 0:
                events.append({"type": "conversation.item.delete", "item_id": item})
            elif left < sent_ms:
                events.append(
                    {
                        "type": "conversation.item.truncate",
                        "item_id": item,
                        "content_index": 0,
                        "audio_end_ms": int(left),
                    }
                )
            left -= sent_ms
        return events
