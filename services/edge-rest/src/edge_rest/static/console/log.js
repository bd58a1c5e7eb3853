// Every event of a conversation as it is appended, and a slider that shows the conversation at any of them.
import { html, useEffect, useRef, useState } from "./vendor/preact.js";
import { clock, t } from "./words.js";

export function Log({ events, at, onAt, onClose }) {
  const [wanted, setWanted] = useState("");
  const list = useRef(null);
  const shown = events.filter(({ type, data }) => !wanted || `${type} ${JSON.stringify(data)}`.toLowerCase().includes(wanted.toLowerCase()));
  const position = at === null ? events.length : at;
  useEffect(() => {
    if (at === null && list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [events.length, at]);
  return html`<aside class="side" aria-label=${t("log")}>
    <header>
      <div class="row"><h2 class="grow">${t("log")}</h2><button class="button plain" onClick=${onClose} aria-label=${t("back")}>✕</button></div>
      <input class="field" type="search" placeholder=${t("filter")} aria-label=${t("filter")} value=${wanted} onInput=${(e) => setWanted(e.target.value)} />
      <label class="small muted">${t("at")} ${at === null ? t("live") : `${at} / ${events.length}`}
        <input type="range" min="1" max=${Math.max(events.length, 1)} value=${position}
          onInput=${(e) => onAt(+e.target.value >= events.length ? null : +e.target.value)} /></label>
    </header>
    <ol ref=${list} tabindex="0">
      ${shown.map(
        (event) => html`<li key=${event.sequence} class=${at !== null && event.sequence > events[at - 1]?.sequence ? "later" : ""}><details>
          <summary title=${event.type}><span class="muted">${clock(event.occurred_at)}</span> ${event.type}</summary>
          <pre class="block" tabindex="0">${JSON.stringify(event, null, 2)}</pre>
        </details></li>`,
      )}
    </ol>
  </aside>`;
}
