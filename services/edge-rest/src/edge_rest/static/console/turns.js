// The turns of a conversation: what people said, and runs with their steps, tools, questions and replies.
import { html } from "./vendor/preact.js";
import { Drawing } from "./drawing.js";
import { costOf, milliseconds } from "./fold.js";
import { Cost } from "./log.js";
import { Markdown } from "./markdown.js";
import { Question } from "./question.js";
import { clock, span, t } from "./words.js";

export function Turns({ view, acts }) {
  return view.turns.map((turn) => {
    if (turn.kind === "said") return html`<${Said} key=${turn.sequence} turn=${turn} acts=${acts} />`;
    if (turn.kind === "spoken")
      return html`<li key=${turn.sequence} class="reply"><span class="tag">${t("spoken")}</span><${Markdown} text=${turn.text} /></li>`;
    return html`<${Reply} key=${turn.id} run=${view.runs[turn.id]} acts=${acts} />`;
  });
}

function Said({ turn, acts }) {
  return html`<li class="said">
    <div class="bubble">${turn.text}</div>
    <div class="row acts">
      <span class="small muted">${clock(turn.at)}${turn.protocol ? ` · ${turn.protocol}` : ""}</span>
      <button class="button plain small" onClick=${() => acts.copy(turn.text)}>${t("copy")}</button>
      ${acts.edit && !turn.isAnswer && html`<button class="button plain small" onClick=${() => acts.edit(turn)}>${t("edit")}</button>`}
    </div>
  </li>`;
}

function Reply({ run, acts }) {
  const took = milliseconds(run.startedAt, run.endedAt);
  const isLive = run.status === "running" || run.status === "waiting";
  return html`<li class="reply" aria-busy=${isLive}>
    <${Steps} run=${run} />
    ${isLive && !run.text && html`<span class="tag live">${run.running.at(-1) ?? t("working")}…</span>`}
    ${run.format === "graph" && run.output?.nodes
      ? html`<${Drawing} nodes=${run.output.nodes} edges=${run.output.edges} label=${t("graph")} />`
      : html`<${Text} run=${run} streaming=${isLive} />`}
    ${run.status === "failed" && html`<p class="notice" role="alert"><strong>${t("failed")}</strong> ${run.error}</p>`}
    ${run.status === "cancelled" && html`<span class="tag warn">${t("cancelled")}</span>`}
    ${run.status === "asking" &&
    run.questions.map(
      (asked) => !acts.answer ? html`<strong>${asked.question}</strong>` : html`<${Question} key=${asked.interrupt_id} asked=${asked} onAnswer=${acts.answer} />`,
    )}
    ${!isLive && html`<div class="row acts">
      <span class="small muted">${clock(run.endedAt ?? run.at)}${took === null ? "" : ` · ${span(took)}`}</span>
      ${run.text && html`<button class="button plain small" onClick=${() => acts.copy(run.text)}>${t("copy")}</button>`}
      ${run.format === "report" && html`<button class="button plain small" onClick=${() => acts.save(run)}>${t("download")}</button>
        <button class="button plain small" onClick=${() => window.print()}>${t("print")}</button>`}
      ${["failed", "cancelled"].includes(run.status) && acts.retry &&
      html`<button class="button plain small" onClick=${() => acts.retry(run)}>${t("retry")}</button>`}
      ${acts.fork && html`<button class="button plain small" onClick=${() => acts.fork(run)}>${t("fork")}</button>`}
    </div>`}
  </li>`;
}

function Text({ run, streaming }) {
  const text = typeof run.output === "string" ? run.output : run.text;
  if (text) return html`<${Markdown} text=${text} streaming=${streaming} />`;
  return run.status === "done" ? html`<span class="muted">${t("empty")}</span>` : null;
}

// The steps of a run with the time of each, its tools, and what it took.
function Steps({ run }) {
  const tools = Object.values(run.tools);
  const shown = run.steps.filter((step) => step.kind !== "final_answer");
  if (!shown.length && !run.nodes.length && !tools.length) return null;
  const took = milliseconds(run.startedAt, run.endedAt ?? run.lastAt);
  const share = (ms) => Math.min(99, (100 * ms) / (took || 1));
  const [pending] = run.running;
  return html`<details class="steps" open=${run.status === "running"}>
    <summary><span class="grow">${run.nodes.length} ${t(run.nodes.length === 1 ? "step" : "steps")}${run.graph ? ` · ${run.graph}` : ""}${run.attempt > 1 ? ` · #${run.attempt}` : ""}</span>
      <span class="small">${run.endedAt ? span(took) : pending}</span></summary>
    <ol>
      ${run.nodes.map((node) => {
        const [from, ms] = [milliseconds(run.startedAt, node.since), milliseconds(node.since, node.at)];
        const lane = html`<div class="lane"><span>${node.node}</span>
            <div class="track"><div class="bar" style=${{ marginLeft: `${share(from)}%`, width: `${Math.max(1, Math.min(share(ms), 100 - share(from)))}%` }}></div></div>
            <span class="small muted">${span(ms)}</span></div>`;
        const texts = shown.filter((step) => step.node === node.node && step.at === node.at).map((step) => html`<pre tabindex="0">${step.text}</pre>`);
        return html`<li>${texts.length ? html`<details open=${run.status === "running"}><summary>${lane}</summary>${texts}</details>` : lane}</li>`;
      })}
      ${tools.map(
        (tool) => html`<li><details open=${run.status === "running"}><summary>
          <div class="row"><span class="tag">${t("tool")}</span><span class="grow mono">${tool.name}</span>
            <span class="small muted">${span(milliseconds(tool.at, tool.endedAt))}</span></div></summary>
          <pre tabindex="0">${JSON.stringify(tool.arguments, null, 2)}</pre>
          ${tool.error ? html`<p class="notice">${tool.error}</p>` : tool.result !== undefined && html`<pre tabindex="0">${JSON.stringify(tool.result, null, 2)}</pre>`}
        </details></li>`,
      )}
    </ol>
    ${run.endedAt && html`<${Cost} cost=${costOf([run])} />`}
  </details>`;
}
