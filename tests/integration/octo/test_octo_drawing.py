"""The graph output in the library that clients draw it with."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

NODE_SECONDS = 30


@pytest.mark.browser
async def test_cytoscape_lays_the_graph_out(open_socket: Any, session: str, node_scripts: Path) -> None:
    async with open_socket(session) as client:
        final = await client.say("프로젝트 진행 상황을 그래프로 보여줘", output_format="graph")
    graph = final["content"]
    drawn = subprocess.run(  # noqa: ASYNC221 - nothing else goes on in this test
        ["node", str(node_scripts / "lay_out.mjs")],
        input=json.dumps(graph),
        capture_output=True,
        text=True,
        check=True,
        timeout=NODE_SECONDS,
    )
    drawing = json.loads(drawn.stdout)
    assert drawing["edges"] == [[edge["source"], edge["target"]] for edge in graph["edges"]]
    assert {node["id"] for node in drawing["nodes"]} == {node["id"] for node in graph["nodes"]}
    depth = {node["id"]: node["y"] for node in drawing["nodes"]}
    assert all(depth[source] < depth[target] for source, target in drawing["edges"])
    assert all(node["color"].startswith("#") and node["label"] for node in drawing["nodes"])
