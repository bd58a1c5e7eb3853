// Every event of a conversation as it is appended, and a slider that shows the conversation and its state at any of them.
import { html, useEffect, useRef, useState } from "./vendor/preact.js";
import { get } from "./api.js";
import { madeAt } from "./earlier.js";
import { Shape } from "./fields.js";
import { costOf } from "./fold.js";
import { exactly, size, t } from "./words.js";

const REST_MS = 150; // of the slider, before the state is asked for

export function Log({ id, events, view, at, onAt, onClose }) {
  const [wanted, setWanted] = useState("");
  const [kind, setKind] = useState("events");
  const list = useRef(null);
  const words = wanted.toLowerCase();
  const shown = events.filter(({ type, data }) => !words || `${type} ${JSON.stringify(data)}`.toLowerCase().includes(words));
  const position = at === null ? events.length : at;
  const cost = costOf(Object.values(view.runs));
  useEffect(() => {
    const box = list.current;
    if (!box) return;
    if (at === null) box.scrollTop = box.scrollHeight;
    else box.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, [events.length, at, kind]);
  return html`<aside class="side" aria-label=${t("log")}>
    <header>
      <div class="row"><h2 class="grow">${t("log")}</h2>
        <div class="segments" role="radiogroup" aria-label=${t("log")}>${["events", "state"].map((each) => html`<label>
          <input type="radio" name="shown" checked=${kind === each} onChange=${() => setKind(each)} /><span>${t(each === "events" ? "eventsTab" : "state")}</span></label>`)}</div>
        <button class="button plain" onClick=${onClose} aria-label=${t("back")}>✕</button></div>
      <div class="stack tight"><div class="row small"><label for="moment" class="grow">${t("at")}</label>
          <output class="mono muted">${position} / ${events.length}</output>
          <button class="button plain small" disabled=${at === null} onClick=${() => onAt(null)}>${t("live")}</button></div>
        <input id="moment" type="range" min="1" max=${Math.max(events.length, 1)} value=${position}
          onInput=${(e) => onAt(+e.target.value >= events.length ? null : +e.target.value)} /></div>
      <${Cost} cost=${cost} />
      ${kind === "events" && html`<input class="field" type="search" placeholder=${t("filter")} aria-label=${t("filter")} value=${wanted} onInput=${(e) => setWanted(e.target.value)} />`}
    </header>
    ${kind === "state" ? html`<${State} id=${id} moment=${events[position - 1]?.occurred_at} />`
      : html`<ol ref=${list} tabindex="0">${shown.map((event) => html`<${Event} key=${event.sequence} event=${event}
          isNow=${event.sequence === events[position - 1]?.sequence} isLater=${at !== null && event.sequence > events[at - 1]?.sequence} />`)}</ol>`}
  </aside>`;
}

// Green for what began and ended well, red for what failed, yellow for what waits for a person.
const KINDS = [[/failed|dead/, "bad"], [/interrupted|cancel/, "warn"], [/message|voice\.user/, "live"], [/completed$|returned/, "good"]];

function Event({ event, isNow, isLater }) {
  const kind = KINDS.find(([pattern]) => pattern.test(event.type))?.[1] ?? "";
  return html`<li class=${isLater ? "later" : ""} aria-current=${isNow ? "true" : undefined}><details>
    <summary title=${`${event.sequence} · ${event.occurred_at}`}><i class=${`dot ${kind}`}></i><span class="grow">${event.type}</span>
      ${event.data.node && html`<span class="muted">${event.data.node}</span>`}<span class="muted">${exactly(event.occurred_at)}</span></summary>
    <pre class="block" tabindex="0">${JSON.stringify(event, null, 2)}</pre>
  </details></li>`;
}

export function Cost({ cost }) {
  return html`<div class="cost small">
    ${cost.models.map(({ model, calls, given, made }) => html`<span title=${`${calls} ${t("calls")}`}><b>${model}</b>${` ${(given + made).toLocaleString()} ${t("tokens")} `}
      (${t("given")} ${given.toLocaleString()}, ${t("made")} ${made.toLocaleString()})</span>`)}
    <span>${cost.appends} ${t("events")}</span><span>${size(cost.bytes)}</span></div>`;
}

// The graph's state at a moment: that of the last checkpoint before it.
function State({ id, moment }) {
  const [found, setFound] = useState(undefined);
  useEffect(() => {
    let gone = false;
    const timer = setTimeout(async () => {
      const state = await before(id, moment).catch(() => null);
      if (!gone) setFound(state);
    }, REST_MS);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [id, moment]);
  if (found === undefined) return html`<p class="empty">…</p>`;
  if (!found) return html`<p class="empty">${t("noState")}</p>`;
  return html`<div class="state" tabindex="0"><${Shape} value=${found} /></div>`;
}

async function before(id, moment) {
  const { checkpoints } = await get(`/api/sessions/${encodeURIComponent(id)}/checkpoints`);
  const last = checkpoints.map(({ checkpoint_id: each }) => each).filter((each) => madeAt(each) <= Date.parse(moment)).at(-1);
  return last ? (await get(`/api/sessions/${encodeURIComponent(id)}/checkpoints/${last}`)).state : null;
}
