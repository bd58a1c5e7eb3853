"""The quote protocol, spoken to the running stack by a client that knows only the protocol page."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

TURN_SECONDS = 20
POLL_SECONDS = 0.02
COMFORT = "충분히 이해됩니다. 당신의 마음을 어루만져줄 수 있는 따뜻한 말을 전해드릴게요."
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
KOREAN = ["요즘 회사 일이 너무 힘들어요", "매일 야근이라 지쳐요", "아무것도 하기 싫어요", "쉬고 싶어요"]
ENGLISH = ["I failed my exam again", "I studied for months", "I feel like a failure", "I want to try again"]
MISSING_FIELDS = "필수 필드가 누락되었습니다."
MISSING_PARAMETERS = "필수 파라미터가 누락되었습니다."
NOT_FOUND = "대화를 찾을 수 없습니다."


class Client:
    """A user with a browser: sends, polls and listens."""

    def __init__(self, http: httpx.AsyncClient, user: str, thread: str = "1") -> None:
        self.http = http
        self.name = {"userId": user, "threadNum": thread}
        self.sent = 0

    def body(self, content: str) -> dict[str, str]:
        self.sent += 1
        return self.name | {"content": content, "timestamp": f"2024-01-15T10:30:{self.sent:02d}.000Z"}

    async def send(self, content: str) -> dict[str, Any]:
        answer = await self.http.post("/api/chat/send", json=self.body(content))
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def status(self) -> dict[str, Any]:
        answer = await self.http.get("/api/chat/status", params=self.name)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def reply(self) -> dict[str, Any]:
        async with asyncio.timeout(TURN_SECONDS):
            while True:
                found = await self.status()
                if found["status"] != "pending":
                    return found
                await asyncio.sleep(POLL_SECONDS)

    async def say(self, content: str) -> dict[str, Any]:
        await self.send(content)
        return await self.reply()

    async def events(self, last: str | None = None) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        headers = {"Last-Event-ID": last} if last else {}
        async with self.http.stream(
            "GET", "/api/chat/stream", params=self.name, headers=headers, timeout=TURN_SECONDS
        ) as answer:
            assert answer.status_code == 200
            identity = ""
            async for line in answer.aiter_lines():
                field, _, value = line.partition(": ")
                if field == "id":
                    identity = value
                elif field == "data":
                    yield identity, json.loads(value)

    async def stream(self, last: str | None = None) -> list[tuple[str, dict[str, Any]]]:
        return [event async for event in self.events(last)]


def spoken(events: list[tuple[str, dict[str, Any]]]) -> str:
    return "".join(event["data"] for _, event in events if event["type"] == "content")


def untimed(events: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, Any]]:
    return [(identity, event.get("data")) for identity, event in events]


@pytest.fixture
async def http(stack: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stack.url("PARLEY_QUOTE_PORT"), timeout=TURN_SECONDS) as client:
        yield client


@pytest.fixture
def client(http: httpx.AsyncClient) -> Client:
    return Client(http, f"user {uuid4()}")


async def test_the_four_stages_in_korean(client: Client) -> None:
    first, *rest, last = KOREAN
    assert await client.send(first) == client.name | {
        "timestamp": "2024-01-15T10:30:01.000Z",
        "status": "pending",
    }
    stage = await client.reply()
    assert re.fullmatch(
        r"안녕하세요! [^.!?]+에 대해 말씀해주셔서 감사합니다\. 더 자세히 들려주실 수 있나요\?",
        stage["content"],
    )
    assert first not in stage["content"]
    assert (stage["status"], stage["quote"]) == ("completed", None)
    assert TIME.fullmatch(stage["timestamp"])
    for content in rest:
        stage = await client.say(content)
        assert content not in stage["content"]
        assert stage["content"].endswith("?")
        assert stage["quote"] is None
    done = await client.send(last)
    assert (done["status"], done["content"]) == ("completed", COMFORT)
    assert done["quote"].keys() == {"id", "text", "author", "category"}
    assert done["quote"]["category"] in {"hope", "motivation", "productivity", "resilience"}
    stage = await client.reply()
    assert (stage["content"], stage["quote"]) == (COMFORT, done["quote"])


async def test_the_four_stages_in_english_and_the_first_again(client: Client) -> None:
    replies = [await client.say(content) for content in ENGLISH]
    assert replies[0]["content"].startswith("Hello! Thank you for telling me about ")
    assert all(not re.search("[가-힣]", reply["content"] + str(reply["quote"])) for reply in replies)
    assert [reply["quote"] is not None for reply in replies] == [False, False, False, True]
    again = await client.say("I am happy today")
    assert "your happy news" in again["content"]
    assert again["quote"] is None


async def test_status_is_of_what_was_just_sent(client: Client) -> None:
    before = None
    for number in range(8):
        await client.send(f"message number {number}")
        now = await client.status()
        assert now["status"] in {"pending", "completed"}
        if now["status"] == "pending":
            assert (now["content"], now["quote"]) == ("", None)
        else:
            assert now["content"] != before
        before = (await client.reply())["content"]


async def test_the_stream_is_one_whole_reply(client: Client, http: httpx.AsyncClient) -> None:
    for content in KOREAN:
        await client.send(content)
        events = await client.stream()
        status = await client.reply()
        assert spoken(events) == status["content"]
        assert len(events) > 5
        kinds = [event["type"] for _, event in events]
        quote = ["quote"] if content == KOREAN[-1] else []
        assert kinds == ["content"] * (len(kinds) - 1 - len(quote)) + quote + ["complete"]
        assert all(TIME.fullmatch(event["timestamp"]) for _, event in events)
        assert len({identity for identity, _ in events}) == len(events)
        if quote:
            assert events[-2][1]["data"] == status["quote"]
        assert [identity for identity, _ in await client.stream()] == [identity for identity, _ in events]


async def test_a_stream_goes_on_where_the_client_lost_it(client: Client) -> None:
    await client.say(KOREAN[0])
    events = await client.stream()
    for place in range(len(events) - 1):
        rest = await client.stream(last=events[place][0])
        assert [event["data"] for _, event in rest[:-1]] == [
            event["data"] for _, event in events[place + 1 : -1]
        ]
        assert rest[-1][0] == events[-1][0]


async def test_a_client_that_has_it_all_waits_for_the_next_reply(client: Client) -> None:
    await client.say(KOREAN[0])
    seen = await client.stream()
    waiting = asyncio.create_task(client.stream(last=seen[-1][0]))
    done, _ = await asyncio.wait([waiting], timeout=0.5)
    assert not done
    await client.send(KOREAN[1])
    events = await waiting
    assert spoken(events) == (await client.reply())["content"]
    third = await client.say(KOREAN[2])
    await client.say(KOREAN[3])
    missed = spoken(await client.stream(last=events[-1][0]))
    assert missed == third["content"], "no reply is left out"


async def test_an_id_that_means_nothing_is_ignored(client: Client) -> None:
    await client.say(KOREAN[0])
    whole = await client.stream()
    for strange in ("x", "*.1", f"{uuid4()}.3", "7", ">"):
        assert untimed(await client.stream(last=strange)) == untimed(whole)


async def test_the_stream_headers(client: Client, http: httpx.AsyncClient) -> None:
    await client.say(KOREAN[0])
    async with http.stream(
        "GET", "/api/chat/stream", params=client.name, headers={"Origin": "https://example.org"}
    ) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["connection"] == "keep-alive"
        assert answer.headers.get_list("access-control-allow-origin") == ["*"]
        text = (await answer.aread()).decode()
    assert re.search(r"^retry: \d+$", text, re.MULTILINE)
    assert re.search(r'^id: \S+\ndata: \{"type":"content","data":"안녕하세요!",', text, re.MULTILINE)
    assert text.endswith("\n\n")


async def test_the_same_message_a_hundred_times_at_once_is_one(client: Client) -> None:
    for content in KOREAN[:3]:
        await client.say(content)
    body = client.body(KOREAN[3])
    written_otherwise = body | {"timestamp": body["timestamp"].replace(".000Z", "+00:00")}
    answers = await asyncio.gather(
        *(client.http.post("/api/chat/send", json=each) for each in [body, written_otherwise] * 50)
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({json.dumps(answer.json(), sort_keys=True) for answer in answers}) == 1
    assert answers[0].json()["status"] == "completed"
    assert "content" not in (await client.http.post("/api/chat/send", json=body | {"threadNum": "2"})).json()


async def test_messages_sent_without_waiting_are_answered_in_order(client: Client) -> None:
    *_, fourth = [await client.send(content) for content in KOREAN]
    assert fourth["status"] == "completed"
    assert fourth["content"] == COMFORT


async def test_two_conversations_of_one_user_are_separate(client: Client) -> None:
    other = Client(client.http, client.name["userId"], "2")
    await client.say(KOREAN[0])
    await client.say(KOREAN[1])
    assert "안녕하세요!" in (await other.say(KOREAN[0]))["content"]
    assert "안녕하세요!" not in (await client.say(KOREAN[2]))["content"]


async def test_no_quotation_comes_twice(client: Client) -> None:
    other = Client(client.http, client.name["userId"], "2")
    given = []
    for _ in range(6):
        for each in (client, other):
            given += [reply["quote"] for reply in [await each.say(content) for content in KOREAN]][3:]
    ids = [quote["id"] for quote in given]
    assert len(set(ids[::2])) == len(set(ids[1::2])) == 6
    for number, identity in enumerate(ids):
        assert identity not in ids[max(0, number - 10) : number], "given again within the user's last ten"


async def test_two_talks_that_end_at_once_do_not_end_alike(client: Client) -> None:
    talks = [Client(client.http, client.name["userId"], str(number)) for number in range(5)]
    for content in KOREAN[:3]:
        await asyncio.gather(*(talk.say(content) for talk in talks))
    ends = await asyncio.gather(*(talk.say(KOREAN[3]) for talk in talks))
    assert len({end["quote"]["id"] for end in ends}) == len(talks)


async def test_words_of_crisis_come_before_anything_else(client: Client) -> None:
    await client.say(KOREAN[0])
    helped = await client.say("죽고 싶어요")
    assert "109" in helped["content"]
    assert helped["quote"] is None
    assert "안녕하세요" not in (await client.say(KOREAN[1]))["content"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b"[" * 100_000,
        json.dumps({"userId": "u", "threadNum": "1", "content": "x"}),
        json.dumps({"userId": "u", "threadNum": "1", "content": "", "timestamp": "2024-01-15T10:30:00Z"}),
        json.dumps({"userId": "u", "threadNum": "1", "content": "  ", "timestamp": "2024-01-15T10:30:00Z"}),
        json.dumps({"userId": 7, "threadNum": "1", "content": "x", "timestamp": "2024-01-15T10:30:00Z"}),
        json.dumps({"userId": "u", "threadNum": 1, "content": "x", "timestamp": "2024-01-15T10:30:00Z"}),
        json.dumps({"userId": "u", "threadNum": "1", "content": ["x"], "timestamp": "2024-01-15T10:30:00Z"}),
        json.dumps({"userId": "u", "threadNum": "1", "content": "x", "timestamp": 1705314600}),
        json.dumps({"userId": "u", "threadNum": "1", "content": "x", "timestamp": "yesterday"}),
        json.dumps({"userId": "u", "threadNum": "1", "content": "x", "timestamp": "2024-13-45T99:00:00Z"}),
        json.dumps({"userId": "", "threadNum": "1", "content": "x", "timestamp": "2024-01-15T10:30:00Z"}),
        json.dumps(
            {"userId": "u" * 500, "threadNum": "1", "content": "x", "timestamp": "2024-01-15T10:30:00Z"}
        ),
        json.dumps(
            {"userId": "u", "threadNum": "1", "content": "x" * 900_000, "timestamp": "2024-01-15T10:30:00Z"}
        ),
        json.dumps(
            {"userId": "u", "threadNum": "1", "content": "x" * 3_000_000, "timestamp": "2024-01-15T10:30:00Z"}
        ),
        b'{"userId":"u","threadNum":"1","content":"\\ud800","timestamp":"2024-01-15T10:30:00Z"}',
    ],
    ids=lambda body: repr(body[:90]),
)
async def test_bad_messages_get_the_documented_400(http: httpx.AsyncClient, body: str | bytes) -> None:
    answer = await http.post("/api/chat/send", content=body)
    assert answer.status_code == 400
    error = answer.json()
    assert error["error"] == MISSING_FIELDS
    assert error.keys() <= {"error", "code"}


@pytest.mark.parametrize("path", ["/api/chat/status", "/api/chat/stream"])
async def test_bad_and_unknown_names(http: httpx.AsyncClient, path: str) -> None:
    for query in (
        "",
        "?userId=u",
        "?threadNum=1",
        "?userId=&threadNum=1",
        f"?userId={'u' * 500}&threadNum=1",
    ):
        answer = await http.get(path + query)
        assert (answer.status_code, answer.json()["error"]) == (400, MISSING_PARAMETERS)
    answer = await http.get(path, params={"userId": str(uuid4()), "threadNum": "1"})
    assert (answer.status_code, answer.json()["error"]) == (404, NOT_FOUND)


async def test_strange_but_good_messages_are_answered(client: Client) -> None:
    for content in ("👍", "ㅠㅠ", "\u0000", "x" * 100_000, "\u202e반대로", "' OR 1=1 --", "응"):
        assert (await client.say(content))["status"] == "completed"


async def test_pages_of_other_origins_may_call(client: Client, http: httpx.AsyncClient) -> None:
    asked = {
        "Origin": "https://example.org",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    allowed = await http.options("/api/chat/send", headers=asked)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "*"
    assert "POST" in allowed.headers["access-control-allow-methods"]
    assert allowed.headers["access-control-allow-headers"] == "content-type"
    for answer in (
        await http.post("/api/chat/send", json=client.body("x"), headers=asked),
        await http.post("/api/chat/send", content=b"{", headers=asked),
        await http.get("/api/chat/status", params=client.name, headers=asked),
        await http.get("/api/health", headers=asked),
    ):
        assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in (await http.get("/health", headers=asked)).headers


async def test_health(client: Client, http: httpx.AsyncClient) -> None:
    before = (await http.get("/api/health")).json()
    await client.say(KOREAN[0])
    async with asyncio.timeout(TURN_SECONDS):
        while True:
            now = (await http.get("/api/health")).json()
            if now["activeConversations"] > before["activeConversations"]:
                break
            await asyncio.sleep(POLL_SECONDS)
    assert now["status"] == "ok"
    assert TIME.fullmatch(now["timestamp"])


async def test_the_public_port_and_other_protocols_know_the_conversation(stack: Any, client: Client) -> None:
    reply = await client.say(KOREAN[0])
    async with httpx.AsyncClient(base_url=stack.url()) as other:
        assert (await other.get("/api/chat/status", params=client.name)).json() == reply
        history = (await other.get(f"/history/{client.name['userId']}:{client.name['threadNum']}")).json()
    assert [entry["content"] for entry in history] == [KOREAN[0], reply["content"]]


async def test_a_talk_survives_a_restart_at_every_stage(own_stack: Any) -> None:
    url = own_stack.url("PARLEY_QUOTE_PORT")
    seen: list[tuple[str, dict[str, Any]]] = []
    sent = 0
    for number, content in enumerate(KOREAN):
        if number == 2:
            for service in ("quote-engine", "edge-rest"):
                own_stack.kill(service)
        elif number:
            await asyncio.to_thread(own_stack.stop)
            await asyncio.to_thread(own_stack.start)
        async with httpx.AsyncClient(base_url=url, timeout=TURN_SECONDS) as http:
            async with asyncio.timeout(2 * TURN_SECONDS):
                while True:
                    if (await http.get("/health")).status_code == 200:
                        break
                    await asyncio.sleep(POLL_SECONDS)
            client = Client(http, "user", "1")
            client.sent = sent
            if seen:
                resumed = await client.stream(last=seen[3][0])
                assert untimed(resumed) == untimed(seen[4:]), "ids outlive the edge"
            await client.send(content)
            reply = await client.reply()
            seen = await client.stream()
            assert spoken(seen) == reply["content"]
            sent = client.sent
    assert reply["content"] == COMFORT
    assert reply["quote"]
