// The graphs that are served, drawn; with a conversation's key its running nodes are lit and its visits counted.
import { html, useEffect, useState } from "./vendor/preact.js";
import { follow, get, post } from "./api.js";
import { Drawing } from "./drawing.js";
import { EMPTY, fold, hear } from "./fold.js";
import { t } from "./words.js";

export function Graphs({ route, go, fail }) {
  const [served, setServed] = useState(null);
  const [name, setName] = useState("");
  const [shape, setShape] = useState(null);
  const [view, setView] = useState(EMPTY);
  const key = route.rest;
  useEffect(() => {
    post("/assistants/search", { limit: 100 }).then((found) => {
      setServed(found);
      setName(found[0]?.graph_id ?? "");
    }, fail);
  }, []);
  useEffect(() => {
    if (name) get(`/assistants/${encodeURIComponent(name)}/graph`).then(setShape, fail);
  }, [name]);
  useEffect(() => {
    if (!key) return setView(EMPTY);
    const stop = new AbortController();
    let now = EMPTY;
    follow(
      `/api/conversations/${encodeURIComponent(key)}/events`,
      (kind, data) => {
        if (kind === "recorded") now = fold(now, JSON.parse(data));
        if (kind === "delta") now = hear(now, JSON.parse(data));
        if (now.started?.graph) setName(now.started.graph);
        setView(now);
      },
      { signal: stop.signal },
    ).catch(fail);
    return () => stop.abort();
  }, [key]);
  const runs = Object.values(view.runs);
  const visits = {};
  runs.flatMap((run) => run.nodes).forEach(({ node }) => (visits[node] = (visits[node] ?? 0) + 1));
  return html`<div class="page"><div class="inner">
    <h1>${t("graph")}</h1>
    <div class="row wrap">
      ${(served ?? []).map(({ graph_id: each }) => html`<button class=${`button ${each === name ? "primary" : ""}`} onClick=${() => setName(each)}>${each}</button>`)}
      <input class="field grow" placeholder=${t("key")} aria-label=${t("key")} value=${key} onChange=${(e) => go("graph", e.target.value)} />
    </div>
    ${shape && html`<${Drawing} label=${`${t("graph")} ${name}`} lit=${runs.flatMap((run) => run.running)}
      nodes=${shape.nodes.map(({ id }) => ({ id: `${id}`, label: visits[id] ? `${id} · ${visits[id]} ${t("visits")}` : `${id}` }))}
      edges=${shape.edges.map((edge) => ({ ...edge, source: `${edge.source}`, target: `${edge.target}` }))} />`}
  </div></div>`;
}
