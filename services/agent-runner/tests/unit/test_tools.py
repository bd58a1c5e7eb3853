"""The tools, their figures compared with plain Python over the same files."""

import csv
import json
import logging
import shutil
import sys
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from langchain_core.tools import BaseTool
from tests.everyday import HALVES, LANGUAGES, NO_NOTE, half, questions

from agent_runner.agents.tools import built_in_tools, contacts
from agent_runner.agents.tools.answering import ToolFailed
from agent_runner.agents.tools.folder import SAMPLE, DataFolder
from agent_runner.agents.tools.mcp import InvalidMcpConfiguration, mcp_tools
from agent_runner.agents.tools.storage import MemoryDocuments

Call = Any
CalledIn = Any


def rows_of(name: str) -> list[dict[str, str]]:
    with (SAMPLE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sums(rows: list[dict[str, str]], group: str, measure: str = "revenue") -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for row in rows:
        found[row[group]] += int(row[measure])
    return found


async def test_contacts_are_the_file_s_rows(call: Call) -> None:
    assert await call("find_contacts") == rows_of("contacts.csv")
    assert [row["name"] for row in await call("find_contacts", company="northwind")] == [
        "Emma Carter",
        "Liam Patel",
    ]
    assert await call("find_contacts", name="nobody") == []


async def test_a_query_of_thousands_of_words_is_compared_in_part(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    monkeypatch.setattr(contacts, "_begins", lambda form, own: compared.append(form))

    assert await call("find_contacts", query=" ".join(f"q{number}" for number in range(20_000))) == []

    assert 0 < len(set(compared)) <= contacts.LONGEST_QUERY / 2


async def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text("name,email\nAda,ada@x.example\n", encoding="utf-8")
    find = next(
        t for t in built_in_tools(DataFolder(tmp_path), MemoryDocuments()) if t.name == "find_contacts"
    )
    assert len(json.loads(await find.ainvoke({}))) == 1

    file.write_text("name,email\nAda,ada@x.example\nBob,bob@x.example\n", encoding="utf-8")

    assert len(json.loads(await find.ainvoke({}))) == 2


async def test_by_month(call: Call) -> None:
    expected = sums(rows_of("sales_2023.csv"), "month")

    found = await call("analyze_dataset", dataset="sales_2023", operation="by_month")

    assert {row["month"]: row["value"] for row in found["rows"]} == expected
    assert found["total"] == sum(expected.values())
    assert found["best"]["month"] == max(expected, key=lambda month: expected[month])
    assert found["worst"]["month"] == min(expected, key=lambda month: expected[month])
    january, february = expected["2023-01"], expected["2023-02"]
    assert found["rows"][1]["change_percent"] == round(100 * (february - january) / january, 1)


async def test_by_group_with_a_filter(call: Call) -> None:
    seoul = [row for row in rows_of("sales_2023.csv") if row["region"] == "서울"]
    expected = sums(seoul, "product", "units")

    found = await call(
        "analyze_dataset",
        dataset="sales",
        operation="by_group",
        group_by="product",
        measure="units",
        where={"region": "서울"},
    )

    assert {row["product"]: row["value"] for row in found["rows"]} == expected
    best = found["rows"][0]
    assert best["share_percent"] == round(100 * best["value"] / sum(expected.values()), 1)


async def test_growth_and_averages(call: Call) -> None:
    months = sums(rows_of("sales_2022.csv"), "month")
    found = await call("analyze_dataset", dataset="sales_2022", operation="growth")
    assert found["growth_percent"] == round(
        100 * (months["2022-12"] - months["2022-01"]) / months["2022-01"], 1
    )

    progress = [int(row["progress"]) for row in rows_of("projects.csv") if row["project"] == "Mobile app 2.0"]
    found = await call(
        "analyze_dataset", dataset="projects", operation="by_group", group_by="project", aggregate="avg"
    )
    assert {r["project"]: r["value"] for r in found["rows"]}["Mobile app 2.0"] == sum(progress) / len(
        progress
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dataset": "sales_1999"}, "there is no dataset 'sales_1999'"),
        ({"dataset": "sales_2023", "measure": "profit"}, "no column 'profit'"),
        ({"dataset": "sales_2023", "measure": "region"}, "no numeric column"),
        ({"dataset": "sales_2023", "operation": "by_group"}, "needs group_by"),
        ({"dataset": "sales_2023", "where": {"region": "평양"}}, "no rows where region = 평양"),
        ({"dataset": "sales_2023", "where": {'x" OR 1=1 --': "1"}}, "no column"),
    ],
)
async def test_what_cannot_be_analysed_is_said(call: Call, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ToolFailed, match=message):
        await call("analyze_dataset", **arguments)


async def test_a_select_answers(call: Call) -> None:
    found = await call("query_datasets", sql="SELECT sum(revenue)::BIGINT AS s FROM sales_2023")

    assert found == {
        "rows": [{"s": sum(int(r["revenue"]) for r in rows_of("sales_2023.csv"))}],
        "truncated": False,
    }


async def test_a_large_answer_is_cut(call: Call) -> None:
    found = await call("query_datasets", sql="SELECT repeat('x', 1500) AS x FROM range(100000)")

    assert found["truncated"]
    assert 100 < len(found["rows"]) < 200


async def test_a_value_that_takes_too_much_memory_is_refused(call: Call) -> None:
    with pytest.raises(ToolFailed, match=r"Out of Memory|more memory"):
        await call("query_datasets", sql="SELECT repeat('x', 300000000) FROM range(3)")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/*')",
        "COPY projects TO 'out.csv'",
        "CREATE TABLE x AS SELECT 1",
        "DROP TABLE projects",
        "SET enable_external_access=true",
        "ATTACH 'x.db'",
        "SELECT 1; DROP TABLE projects",
        "not sql",
    ],
)
async def test_no_statement_gets_out_of_the_folder_or_writes(call: Call, sql: str) -> None:
    with pytest.raises(ToolFailed):
        await call("query_datasets", sql=sql)

    assert (await call("describe_dataset", dataset="projects"))["rows"] == len(rows_of("projects.csv"))


async def test_a_document_is_drafted_revised_sent_and_deleted(call: Call, documents: MemoryDocuments) -> None:
    drafted = await call("draft_document", template="contract", language="ko", fields={"client": "한빛무역"})
    document = drafted["document_id"]
    assert "한빛무역" in drafted["markdown"]

    revised = await call("revise_document", document_id=document, changes={"amount": "10,000,000원"})
    assert "계약 금액은 10,000,000원" in revised["markdown"]
    assert "한빛무역" in revised["markdown"]

    await call("send_document", document_id=document, to="a@b.example")
    assert (await documents.all())[0].outbox == ("a@b.example",)

    await call("delete_document", document_id=document)
    assert await documents.all() == []
    with pytest.raises(ToolFailed, match="no document"):
        await call("read_document", document_id=document)


async def test_the_same_call_makes_one_document(call: Call, documents: MemoryDocuments) -> None:
    for _ in range(2):
        await call("draft_document", call_id="turn-1/step_1", template="email", language="en")

    assert len(await documents.all()) == 1


async def test_a_field_s_value_is_not_read_as_a_template(call: Call) -> None:
    drafted = await call(
        "draft_document", template="email", language="en", fields={"body": "{title} {0} {sender!r}"}
    )

    assert "{title} {0} {sender!r}" in drafted["markdown"]


async def test_an_unknown_template_or_field_is_said(call: Call) -> None:
    with pytest.raises(ToolFailed, match=r"no template poem\.en\.md"):
        await call("draft_document", template="poem", language="en")
    with pytest.raises(ToolFailed, match="no field colour"):
        await call("draft_document", template="email", language="en", fields={"colour": "red"})


@pytest.mark.parametrize(
    ("query", "source"),
    [
        ("휴가는 어떻게 신청하나요?", "vacation-policy.ko.md"),
        ("출장비는 얼마까지 되나요", "expense-policy.ko.md"),
        ("노트북을 잃어버렸어요", "security-guide.ko.md"),
        ("how long is the warranty of a notebook", "product-faq.en.md"),
        ("may I work from home on remote days", "remote-work.en.md"),
    ],
)
async def test_the_best_note_comes_first(call: Call, query: str, source: str) -> None:
    assert (await call("search_notes", query=query))[0]["source"] == source


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("which", HALVES)
async def test_questions_find_their_note_or_none(call: Call, language: str, which: str) -> None:
    """Half was held back when the words and the least share were chosen."""
    right: dict[bool, list[bool]] = {True: [], False: []}
    for each in half(questions(language), which):
        found = await call("search_notes", query=each.text)
        source = found[0]["source"].partition(".")[0] if found else NO_NOTE
        right[each.wanted == NO_NOTE].append(source == each.wanted)

    assert sum(right[False]) >= 0.6 * len(right[False])
    assert sum(right[True]) >= 0.95 * len(right[True])


@pytest.mark.parametrize(
    ("query", "source"),
    [
        ("security policy", "security-guide.ko.md"),
        ("보안 규정", "security-guide.ko.md"),
        ("재택근무 규정", "remote-work.en.md"),
        ("what is the remote work policy", "remote-work.en.md"),
        ("식비 규정", "expense-policy.ko.md"),
        ("warranty policy", "product-faq.en.md"),
    ],
)
async def test_a_policy_is_found_by_its_subject_in_both_languages(
    call: Call, query: str, source: str
) -> None:
    found = (await call("search_notes", query=query))[0]
    assert found["source"] == source
    assert "only_mentioned" not in found


@pytest.mark.parametrize("query", ["security policy", "What is the security policy?", "보안 규정 알려줘"])
async def test_a_note_that_only_mentions_a_subject_is_not_its_policy(query: str, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    for name in ("onboarding.en.md", "vacation-policy.ko.md"):
        shutil.copy(SAMPLE / "notes" / name, tmp_path / "notes")
    tools = {tool.name: tool for tool in built_in_tools(DataFolder(tmp_path), MemoryDocuments())}
    found = json.loads(await tools["search_notes"].ainvoke({"query": query}))
    assert [(row["source"], row["only_mentioned"]) for row in found] == [("onboarding.en.md", True)]


@pytest.mark.parametrize("query", ["재택근무 규정", "what is the remote work policy"])
async def test_a_policy_that_no_note_has_is_not_found(query: str, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    shutil.copy(SAMPLE / "notes/vacation-policy.ko.md", tmp_path / "notes")
    tools = {tool.name: tool for tool in built_in_tools(DataFolder(tmp_path), MemoryDocuments())}
    assert json.loads(await tools["search_notes"].ainvoke({"query": query})) == []


async def test_nothing_found_in_the_notes(call: Call) -> None:
    assert await call("search_notes", query="zzz") == []


def test_what_commits(tools: list[BaseTool]) -> None:
    committing = {tool.name for tool in tools if (tool.metadata or {}).get("commits")}

    assert committing == {"draft_document", "send_document", "delete_document"}


def test_a_data_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match="missing"):
        DataFolder(tmp_path / "missing")


async def test_an_mcp_server_gives_its_tools_and_a_dead_one_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = tmp_path / "server.py"
    server.write_text(
        "from mcp.server.fastmcp import FastMCP\n"
        "server = FastMCP('sums')\n"
        "@server.tool()\n"
        "def add(a: int, b: int) -> int:\n"
        "    'Add two numbers.'\n"
        "    return a + b\n"
        "server.run()\n"
    )
    file = tmp_path / "mcp.json"
    servers = {
        "sums": {"command": sys.executable, "args": [str(server)]},
        "dead": {"command": str(tmp_path / "missing")},
    }
    file.write_text(json.dumps({"mcpServers": servers}))

    with caplog.at_level(logging.WARNING):
        tools = await mcp_tools(file)

    assert [tool.name for tool in tools] == ["add"]
    assert "'dead' is left out" in caplog.text
    answer = await tools[0].ainvoke({"type": "tool_call", "id": "1", "name": "add", "args": {"a": 2, "b": 3}})
    assert answer.text == "5"


@pytest.mark.parametrize(
    ("content", "message"),
    [("[]", "mcpServers"), ("{", "Expecting"), ('{"mcpServers": {"x": {}}}', r"mcpServers\.x")],
)
async def test_an_invalid_mcp_file_is_said(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "mcp.json"
    file.write_text(content)

    with pytest.raises(InvalidMcpConfiguration, match=message):
        await mcp_tools(file)


TABLE = "name,email,region\n김민지,minji@x.example,서울\n이서준,seojun@x.example,부산\n"


@pytest.mark.parametrize(
    "data",
    [
        TABLE.encode("cp949"),
        TABLE.replace(",", "\t").encode("utf-16"),
        TABLE.replace("\n", "\r\n").encode("utf-8-sig"),
        TABLE.replace(",", ";").encode(),
        unicodedata.normalize("NFD", TABLE).encode(),
        TABLE.replace("서울", "서울,too,much").encode(),
    ],
    ids=["CP949", "UTF-16 by tabs", "CRLF", "semicolons", "decomposed", "a row too long"],
)
async def test_contacts_are_read_as_programs_write_them(
    tmp_path: Path, called_in: CalledIn, data: bytes
) -> None:
    (tmp_path / "contacts.csv").write_bytes(data)

    found = await called_in(tmp_path)("find_contacts", query="김민지")

    assert found == [{"name": "김민지", "email": "minji@x.example", "region": "서울"}]


async def test_columns_are_known_by_their_usual_titles(tmp_path: Path, called_in: CalledIn) -> None:
    titles = "이름,E-mail,휴대폰,전화번호,Title,직책,ROLE,지역,메모"
    table = f"{titles}\n김민지,m@x.example,010-1,02-1,Dr,장,팀장,서울,new\n"
    (tmp_path / "contacts.csv").write_text(table, encoding="utf-8")

    (found,) = await called_in(tmp_path)("find_contacts", region="서울", role="팀장")

    assert found == {
        "name": "김민지", "email": "m@x.example", "phone": "010-1", "전화번호": "02-1",
        "Title": "Dr", "직책": "장", "role": "팀장", "region": "서울", "메모": "new",
    }  # fmt: skip


async def test_a_file_that_is_no_table_is_named_and_leaves_the_others(
    tmp_path: Path, called_in: CalledIn
) -> None:
    broken, sales = (unicodedata.normalize("NFD", name) for name in ("깨진.csv", "매출_2024.csv"))
    (tmp_path / "contacts.csv").write_bytes("name\nJosé,".encode("latin-1"))
    (tmp_path / broken).write_bytes(b"\xff\xff\xff,\xff\n\x80")
    (tmp_path / sales).write_bytes("지역,금액\n서울,10\n부산,32\n".encode("cp949"))
    call = called_in(tmp_path)

    listed = await call("list_datasets")
    total = await call("analyze_dataset", dataset="매출")
    selected = await call("query_datasets", sql='SELECT sum(금액) AS s FROM "매출_2024"')

    assert [(row["dataset"], "error" in row) for row in listed] == [
        ("매출_2024", False),
        ("contacts", True),
        ("깨진", True),
    ]
    assert (total["total"], selected["rows"]) == (42, [{"s": 42}])
    for name, arguments in (("describe_dataset", {"dataset": "깨진"}), ("find_contacts", {})):
        with pytest.raises(ToolFailed, match="can't be read as"):
            await call(name, **arguments)


async def test_notes_and_templates_are_read_as_editors_write_them(
    tmp_path: Path, called_in: CalledIn
) -> None:
    for folder in ("notes", "templates"):
        (tmp_path / folder).mkdir()
    (tmp_path / "notes" / "broken.md").write_bytes(b"\xff\xff\x80")
    (tmp_path / "notes" / "leave.md").write_bytes("# 휴가 규정\r\n\r\n연차는 15일입니다.\r\n".encode("cp949"))
    (tmp_path / "templates" / "memo.en.md").write_bytes(b"---\r\ntitle: Memo\r\n---\r\n# {title}\r\n")
    (tmp_path / "templates" / "plain.en.md").write_bytes(b"No fields,\n---\nonly text.\n")
    call = called_in(tmp_path)

    assert [row["text"] for row in await call("search_notes", query="연차 며칠?")] == ["연차는 15일입니다."]
    drafts = [await call("draft_document", template=name, language="en") for name in ("memo", "plain")]
    assert [draft["markdown"] for draft in drafts] == ["# Memo\n", "No fields,\n---\nonly text.\n"]
