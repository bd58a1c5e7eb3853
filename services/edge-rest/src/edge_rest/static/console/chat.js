// Conversations: the list with live status, one of them as it goes on, and its log.
import { html, useEffect, useMemo, useRef, useState } from "./vendor/preact.js";
import { follow, get, post, remove, socketAddress } from "./api.js";
import { EMPTY, fold, hear, isBusy, openQuestions } from "./fold.js";
import { Log } from "./log.js";
import { Turns } from "./turns.js";
import { t } from "./words.js";

const LIST_EVERY_MS = 4000;
const STATUSES = ["in_progress", "waiting_human", "completed"];
const TAGS = { in_progress: "live", waiting_human: "warn", completed: "good" };

export function Chat({ route, go, fail }) {
  const key = route.rest || null;
  const [isLogged, setLogged] = useState(false);
  return html`<div class=${`chat ${isLogged && key ? "logged" : ""}`}>
    <${List} chosen=${key} go=${go} away=${key !== null} fail=${fail} />
    ${key === null
      ? html`<div class="talk away"><p class="empty">${t("pick")}</p></div>`
      : html`<${Talk} key=${key} id=${key} go=${go} isLogged=${isLogged} setLogged=${setLogged} fail=${fail} />`}
  </div>`;
}

function List({ chosen, go, away, fail }) {
  const [found, setFound] = useState({ conversations: [], total: 0 });
  const [search, setSearch] = useState("");
  const [status, setStatus] = useState("");
  useEffect(() => {
    let timer;
    let gone = false;
    async function look() {
      const query = new URLSearchParams({ limit: 100, ...(search && { search }), ...(status && { status }) });
      try {
        const page = await get(`/api/conversations?${query}`);
        if (!gone) setFound(page);
      } catch (error) {
        fail(error);
      }
      if (!gone) timer = setTimeout(look, document.hidden ? LIST_EVERY_MS * 5 : LIST_EVERY_MS);
    }
    timer = setTimeout(look, search ? 200 : 0);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [search, status, chosen]);
  return html`<section class=${`list ${away ? "away" : ""}`} aria-label=${t("conversations")}>
    <header>
      <button class="button primary" onClick=${() => go("chat", fresh())}>${t("newChat")}</button>
      <div class="row">
        <input class="field grow" type="search" placeholder=${t("search")} aria-label=${t("search")} value=${search} onInput=${(e) => setSearch(e.target.value)} />
        <select class="field" style=${{ width: "auto" }} aria-label=${t("filter")} value=${status} onChange=${(e) => setStatus(e.target.value)}>
          <option value="">${t("all")}</option>
          ${STATUSES.map((each) => html`<option value=${each}>${t(each)}</option>`)}
        </select>
      </div>
    </header>
    <ul>
      ${found.conversations.map(
        (each) => html`<li key=${each.key}><button aria-current=${each.key === chosen} onClick=${() => go("chat", each.key)}>
          <span class="key">${each.question ?? each.key}</span>
          <span class="row small muted"><span class=${`tag ${TAGS[each.status] ?? ""}`}>${t(each.status)}</span>${each.protocol}${each.graph ? ` · ${each.graph}` : ""}</span>
        </button></li>`,
      )}
      ${!found.conversations.length && html`<li class="empty">${t("noConversations")}</li>`}
    </ul>
  </section>`;
}

// A key that no conversation has yet.
function fresh() {
  const key = crypto.randomUUID();
  sessionStorage.setItem(`fresh ${key}`, "yes");
  return key;
}

// The events of a conversation, kept current; none before it has begun.
function useConversation(key, begun, fail) {
  const [events, setEvents] = useState([]);
  const [live, setLive] = useState(EMPTY);
  const [state, setState] = useState("open");
  useEffect(() => {
    if (!begun) return;
    const stop = new AbortController();
    const kept = [];
    let view = EMPTY;
    let pending = false;
    function show() {
      if (pending) return;
      pending = true;
      requestAnimationFrame(() => {
        pending = false;
        setEvents([...kept]);
        setLive(view);
      });
    }
    follow(
      `/api/conversations/${encodeURIComponent(key)}/events`,
      (name, data) => {
        if (name === "recorded") {
          const event = JSON.parse(data);
          if (kept.length && event.sequence <= kept.at(-1).sequence) return;
          kept.push(event);
          view = fold(view, event);
        } else if (name === "delta") view = hear(view, JSON.parse(data));
        show();
      },
      { signal: stop.signal, state: setState },
    ).catch((error) => error.status !== 404 && fail(error));
    return () => stop.abort();
  }, [key, begun]);
  return { events, live, state };
}

function Talk({ id, go, isLogged, setLogged, fail }) {
  const [begun, setBegun] = useState(!sessionStorage.getItem(`fresh ${id}`));
  const { events, live, state } = useConversation(id, begun, fail);
  const [at, setAt] = useState(null);
  const [draft, setDraft] = useState("");
  const view = useMemo(() => (at === null ? live : events.slice(0, at).reduce(fold, EMPTY)), [at, live, events]);
  const place = useRef(null);
  const socket = useSocket(id, fail, () => {
    sessionStorage.removeItem(`fresh ${id}`);
    setBegun(true);
  });
  const exists = events.length > 0;
  const isPinned = useRef(true);
  useEffect(() => {
    if (isPinned.current && at === null) place.current.scrollTop = place.current.scrollHeight;
  }, [view]);
  const scrolled = ({ target: box }) => (isPinned.current = box.scrollHeight - box.scrollTop - box.clientHeight < 60);

  const attempt = (work) => Promise.resolve().then(work).catch(fail);
  async function forked(checkpoint, text) {
    const answer = await post(`/api/sessions/${encodeURIComponent(id)}/fork`, { checkpoint_id: checkpoint });
    if (text) sessionStorage.setItem(`draft ${answer.thread_id}`, text);
    go("chat", answer.thread_id);
  }
  async function checkpointBefore(moment) {
    const { checkpoints } = await get(`/api/sessions/${encodeURIComponent(id)}/checkpoints`);
    return checkpoints.map(({ checkpoint_id: each }) => each).filter((each) => madeAt(each) <= moment).at(-1) ?? null;
  }
  const acts = {
    copy: (text) => navigator.clipboard.writeText(text),
    answer: (answer) => socket.send({ type: "human_response", ...answer }),
    save: (run) => download(`${id}.md`, typeof run.output === "string" ? run.output : run.text),
    retry: (run) => {
      const said = events.find((event) => event.id === run.id);
      if (said?.data.text) socket.send({ message: said.data.text });
    },
    fork: (run) => attempt(async () => {
      const checkpoint = await checkpointBefore(new Date(run.endedAt ?? run.at).getTime() + 1);
      if (checkpoint) await forked(checkpoint);
    }),
    edit: (turn) => attempt(async () => {
      const checkpoint = await checkpointBefore(new Date(turn.at).getTime());
      if (checkpoint) await forked(checkpoint, turn.text);
      else {
        const other = fresh();
        sessionStorage.setItem(`draft ${other}`, turn.text);
        go("chat", other);
      }
    }),
  };
  useEffect(() => {
    const kept = sessionStorage.getItem(`draft ${id}`);
    if (kept) setDraft(kept);
    sessionStorage.removeItem(`draft ${id}`);
  }, [id]);
  const erase = () => confirm(t("confirmDelete")) && attempt(async () => {
    await remove(`/api/sessions/${encodeURIComponent(id)}`);
    go("chat", "");
  });
  return html`<section class=${`talk ${isLogged ? "away" : ""}`} aria-label=${t("chat")}>
      <header>
        <button class="button plain only-narrow" onClick=${() => go("chat", "")} aria-label=${t("back")}>←</button>
        <h1 class="grow" title=${id}>${id}</h1>
        ${view.started && html`<span class="tag">${view.started.protocol}${view.started.graph ? ` · ${view.started.graph}` : ""}</span>`}
        <button class="button" aria-pressed=${isLogged} onClick=${() => setLogged(!isLogged)}>${t("log")}</button>
        ${exists && html`<button class="button plain danger" onClick=${erase}>${t("remove")}</button>`}
      </header>
      <div class="turns" ref=${place} onScroll=${scrolled} tabindex="0" role="log" aria-label=${t("chat")}>
        ${state === "lost" && exists && html`<p class="notice" role="status">${t("lost")}</p>`}
        <ol><${Turns} view=${view} acts=${at === null ? acts : { copy: acts.copy, answer: acts.answer, save: acts.save }} /></ol>
      </div>
      <${Composer} busy=${isBusy(live)} asking=${openQuestions(live).length > 0} draft=${draft} setDraft=${setDraft} isNew=${!exists}
        onSend=${(frame, graph) => socket.send({ message_id: crypto.randomUUID(), ...frame }, graph)} onStop=${() => socket.send({ type: "cancel" })} />
    </section>
    ${isLogged && html`<${Log} events=${events} at=${at} onAt=${setAt} onClose=${() => { setLogged(false); setAt(null); }} />`}`;
}

// One octo socket, opened when the first thing is said. What it tells is shown by the events, but for errors.
function useSocket(key, fail, onSent) {
  const held = useRef(null);
  useEffect(() => () => held.current?.close(), [key]);
  function opened(graph) {
    if (held.current && held.current.readyState <= WebSocket.OPEN) return held.current;
    const query = graph ? `?graph=${encodeURIComponent(graph)}` : "";
    const socket = new WebSocket(socketAddress(`/ws/${encodeURIComponent(key)}${query}`));
    socket.addEventListener("message", ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.type === "error") fail(new Error(frame.error));
      if (frame.type !== "connection") onSent();
    });
    socket.addEventListener("error", () => fail(new Error(t("lost"))));
    held.current = socket;
    return socket;
  }
  return {
    send(frame, graph) {
      const socket = opened(graph);
      const text = JSON.stringify(frame);
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
      else socket.addEventListener("open", () => socket.send(text), { once: true });
    },
  };
}

function Composer({ busy, asking, draft, setDraft, isNew, onSend, onStop }) {
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
        <option value="">${t("pickGraph")}</option>${graphs.map((each) => html`<option>${each}</option>`)}
      </select>`}
      <span class="grow"></span>
      ${busy && html`<button type="button" class="button" onClick=${onStop}>${t("stop")}</button>`}
      <button class="button primary" disabled=${!draft.trim()}>${asking ? t("answer") : t("send")}</button>
    </div>
  </form></div>`;
}

// When a checkpoint was made, in milliseconds: its id is a UUID of version 6, which holds the time.
function madeAt(id) {
  const hex = id.replaceAll("-", "");
  const ticks = BigInt(`0x${hex.slice(0, 12)}${hex.slice(13, 16)}`);
  return Number((ticks - 122192928000000000n) / 10000n);
}

function download(name, text) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(new Blob([text], { type: "text/markdown" })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}
