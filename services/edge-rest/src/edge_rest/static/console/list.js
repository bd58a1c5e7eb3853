// The conversations there are, with live status, search and filters.
import { html, useEffect, useState } from "./vendor/preact.js";
import { get, isPassing } from "./api.js";
import { t } from "./words.js";

const EVERY_MS = 4000;
const STATUSES = ["in_progress", "waiting_human", "completed"];
const PROTOCOLS = ["octo", "langgraph", "openai", "agent", "room", "quote", "voice"];
const TAGS = { in_progress: "live", waiting_human: "warn", completed: "good" };

// `changed` is anything that is another value whenever the chosen conversation has changed.
export function List({ chosen, changed, start, go, away, fail }) {
  const [found, setFound] = useState(null);
  const [isLost, setLost] = useState(false);
  const [search, setSearch] = useState("");
  const [status, setStatus] = useState("");
  const [protocol, setProtocol] = useState("");
  useEffect(() => {
    let timer;
    let gone = false;
    async function look() {
      const query = new URLSearchParams({ limit: 100, ...(search && { search }), ...(status && { status }), ...(protocol && { protocol }) });
      try {
        const page = await get(`/api/conversations?${query}`);
        if (gone) return;
        setFound(page.conversations);
        setLost(false);
      } catch (error) {
        if (gone) return;
        if (isPassing(error)) setLost(true);
        else fail(error);
      }
      if (!gone) timer = setTimeout(look, document.hidden ? EVERY_MS * 5 : EVERY_MS);
    }
    timer = setTimeout(look, search ? 200 : 0);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [search, status, protocol, chosen, changed]);
  const isFiltered = Boolean(search || status || protocol);
  const isNew = chosen !== null && found !== null && !isFiltered && !found.some(({ key }) => key === chosen);
  return html`<section class=${`list ${away ? "away" : ""}`} aria-label=${t("conversations")}>
    <header>
      <button class="button primary" onClick=${start}>${t("newChat")}</button>
      <input class="field" type="search" placeholder=${t("search")} aria-label=${t("search")} value=${search} onInput=${(e) => setSearch(e.target.value)} />
      <div class="row">
        <${Choice} label=${t("anyStatus")} value=${status} change=${setStatus} names=${Object.fromEntries(STATUSES.map((each) => [each, t(each)]))} />
        <${Choice} label=${t("anyProtocol")} value=${protocol} change=${setProtocol} names=${Object.fromEntries(PROTOCOLS.map((each) => [each, each]))} />
      </div>
    </header>
    ${isLost && html`<p class="notice small" role="status">${t("lost")}</p>`}
    <ul>
      ${isNew && html`<${Row} key=${chosen} title=${t("newChat")} status="active" isChosen=${true} />`}
      ${found?.map(
        (each) => html`<${Row} key=${each.key} title=${each.title ?? each.key} status=${each.status} isChosen=${each.key === chosen}
          about=${`${each.protocol}${each.graph ? ` · ${each.graph}` : ""}`} onPick=${() => go("chat", each.key)} />`,
      )}
      ${found?.length === 0 && !isNew && html`<li class="empty">${t(isFiltered ? "noMatches" : "noConversations")}</li>`}
    </ul>
  </section>`;
}

function Choice({ label, value, change, names }) {
  return html`<select class="field grow" aria-label=${label} value=${value} onChange=${(e) => change(e.target.value)}>
    <option value="">${label}</option>${Object.entries(names).map(([each, name]) => html`<option value=${each}>${name}</option>`)}
  </select>`;
}

function Row({ title, status, about, isChosen, onPick }) {
  return html`<li><button aria-current=${isChosen} onClick=${onPick}>
    <span class="key">${title}</span>
    <span class="row small muted"><span class=${`tag ${TAGS[status] ?? ""}`}>${t(status)}</span>${about}</span>
  </button></li>`;
}
