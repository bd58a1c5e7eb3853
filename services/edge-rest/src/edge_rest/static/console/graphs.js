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
  const [recent, setRecent] = useState([]);
  const key = route.rest;
  useEffect(() => {
    post("/assistants/search", { limit: 100 }).then((found) => {
      setServed(found);
      setName((was) => was || (found[0]?.graph_id ?? ""));
    }, fail);
    get("/api/conversations?limit=50").then((page) => setRecent(page.conversations.filter(({ graph }) => graph)), fail);
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
  const lit = runs.flatMap((run) => run.running);
  const visits = {};
  runs.flatMap((run) => run.nodes).forEach(({ node }) => (visits[node] = (visits[node] ?? 0) + 1));
  return html`<div class="page"><div class="inner wide">
    <div class="row wrap"><h1 class="grow">${t("graph")}</h1>
      ${key && html`<span role="status" class=${`tag ${lit.length ? "live" : ""}`}>${lit.length ? `${t("in_progress")}: ${lit.join(", ")}` : t("idle")}</span>`}</div>
    <div class="segments wrap" role="radiogroup" aria-label=${t("graph")}>${(served ?? []).map(({ graph_id: each }) => html`<label>
      <input type="radio" name="graph" checked=${each === name} onChange=${() => setName(each)} /><span>${each}</span></label>`)}</div>
    <label class="stack tight small muted">${t("followed")}
      <select class="field" value=${key} onChange=${(e) => go("graph", e.target.value)}>
        <option value="">–</option>
        ${key && !recent.some((each) => each.key === key) && html`<option value=${key}>${key}</option>`}
        ${recent.map((each) => html`<option value=${each.key}>${each.title ?? each.key} · ${each.graph}</option>`)}
      </select></label>
    ${shape && html`<${Drawing} label=${`${t("graph")} ${name}`} lit=${lit} visits=${visits} isTall=${true}
      nodes=${shape.nodes.map(({ id }) => ({ id: `${id}` }))}
      edges=${shape.edges.map((edge) => ({ ...edge, source: `${edge.source}`, target: `${edge.target}` }))} />`}
  </div></div>`;
}
