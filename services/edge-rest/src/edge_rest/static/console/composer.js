// Where a message is written: its form, the graph of a new conversation, and what stops a run.
import { html, useEffect, useState } from "./vendor/preact.js";
import { post } from "./api.js";
import { t } from "./words.js";

// A graph that is served with another model has the model's name behind its own.
function spelled(name, graphs) {
  const base = graphs.filter((each) => name.startsWith(`${each}-`)).sort((one, other) => other.length - one.length)[0];
  return base ? `${base} · ${name.slice(base.length + 1)}` : name;
}

export function Composer({ busy, asking, draft, setDraft, isNew, onSend, onStop }) {
  const [format, setFormat] = useState("chat");
  const [graphs, setGraphs] = useState([]);
  const [graph, setGraph] = useState("");
  useEffect(() => {
    post("/assistants/search", { limit: 100 }).then((found) => setGraphs(found.map((each) => each.graph_id)), () => setGraphs([]));
  }, []);
  function send(event) {
    event?.preventDefault();
    if (!draft.trim()) return;
    onSend({ message: draft, output_format: format }, isNew ? graph : "");
    setDraft("");
  }
  return html`<div class="composer"><form onSubmit=${send}>
    <textarea rows=${Math.min(8, Math.max(1, draft.split("\n").length))} aria-label=${t("write")} placeholder=${t("write")} value=${draft}
      onInput=${(e) => setDraft(e.target.value)}
      onKeyDown=${(e) => e.key === "Enter" && !e.shiftKey && !e.isComposing && send(e)}></textarea>
    <div class="row">
      <select aria-label=${t("format")} value=${format} onChange=${(e) => setFormat(e.target.value)}>
        <option value="chat">${t("asChat")}</option><option value="graph">${t("asGraph")}</option><option value="report">${t("asReport")}</option>
      </select>
      ${isNew && graphs.length > 0 && html`<select aria-label=${t("pickGraph")} value=${graph} onChange=${(e) => setGraph(e.target.value)}>
        <option value="">${t("pickGraph")}</option>${graphs.map((each) => html`<option value=${each}>${spelled(each, graphs)}</option>`)}
      </select>`}
      <span class="grow"></span>
      ${busy && html`<button type="button" class="button" onClick=${onStop}>${t("stop")}</button>`}
      <button class="button primary" disabled=${!draft.trim()}>${asking ? t("answer") : t("send")}</button>
    </div>
  </form></div>`;
}
