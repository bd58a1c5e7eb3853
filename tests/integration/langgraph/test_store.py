"""The store by the official client: the same memory that graphs get."""

from typing import Any
from uuid import uuid4

import pytest
from langgraph_sdk import get_client
from langgraph_sdk.errors import BadRequestError, UnprocessableEntityError


@pytest.fixture
async def client(url: str) -> Any:
    async with get_client(url=url) as opened:
        yield opened


async def test_items_are_put_found_and_deleted(client: Any) -> None:
    store, user = client.store, uuid4().hex
    await store.put_item(["users", user], "a", {"n": 1, "t": "apple"})
    await store.put_item(["users", user], "b", {"n": 2, "t": "pear"}, index=False)
    await store.put_item(["users", user, "deep"], "c", {"n": 3})
    found = await store.get_item(["users", user], "a")
    assert (found["namespace"], found["key"], found["value"]) == (
        ["users", user],
        "a",
        {"n": 1, "t": "apple"},
    )
    assert found["created_at"] == found["updated_at"]
    assert await store.get_item(["users", user], "zz") is None

    every = await store.search_items(["users", user])
    assert sorted(item["key"] for item in every["items"]) == ["a", "b", "c"]
    assert [
        each["key"] for each in (await store.search_items(["users", user], filter={"n": 2}))["items"]
    ] == ["b"]
    assert len((await store.search_items(["users", user], limit=2, offset=2))["items"]) == 1
    listed = await store.list_namespaces(prefix=["users", user])
    assert listed["namespaces"] == [["users", user], ["users", user, "deep"]]
    cut = await store.list_namespaces(prefix=["users", user], max_depth=2)
    assert cut["namespaces"] == [["users", user]]

    await store.put_item(["users", user], "a", {"n": 9})
    again = await store.get_item(["users", user], "a")
    assert again["value"] == {"n": 9}
    assert again["updated_at"] > again["created_at"] == found["created_at"]
    await store.delete_item(["users", user], "a")
    await store.delete_item(["users", user], "a")
    assert await store.get_item(["users", user], "a") is None


async def test_what_cannot_be_is_refused(client: Any) -> None:
    with pytest.raises(BadRequestError, match="langgraph"):
        await client.store.put_item(["langgraph", "x"], "a", {})
    with pytest.raises(BadRequestError, match="empty"):
        await client.store.put_item([], "a", {})
    with pytest.raises((UnprocessableEntityError, ValueError)):
        await client.store.put_item(["a.b"], "k", {})
    with pytest.raises(UnprocessableEntityError, match="value"):
        await client.http.put("/store/items", json={"namespace": ["x"], "key": "k", "value": "str"})
    with pytest.raises(UnprocessableEntityError, match="namespace"):
        await client.http.get("/store/items", params={"key": "k"})
    nothing = await client.http.post("/store/items/search", json={"namespace_prefix": None})
    assert isinstance(nothing["items"], list)
