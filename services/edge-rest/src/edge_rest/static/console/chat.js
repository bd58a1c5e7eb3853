// Conversations: the list of them, one as it goes on, and its log.
import { html, useEffect, useMemo, useRef, useState } from "./vendor/preact.js";
import { follow, get, post, remove } from "./api.js";
import { Composer } from "./composer.js";
import { madeAt, useEarlier } from "./earlier.js";
import { EMPTY, fold, hear, isBusy, openQuestions } from "./fold.js";
import { List } from "./list.js";
import { Log } from "./log.js";
import { Sender } from "./sending.js";
import { Turns } from "./turns.js";
import { t } from "./words.js";

const SUGGESTED = ["analysis", "approval", "people", "graph"];

export function Chat({ route, go, fail }) {
  const key = route.rest || null;
  const [isLogged, setLogged] = useState(false);
  const [changed, setChanged] = useState("");
  return html`<div class=${`chat ${isLogged && key ? "logged" : ""}`}>
    <${List} chosen=${key} changed=${changed} start=${() => go("chat", fresh())} go=${go} away=${key !== null} fail=${fail} />
    ${key === null
      ? html`<div class="talk away"><p class="empty">${t("pick")}</p></div>`
      : html`<${Talk} key=${key} id=${key} go=${go} isLogged=${isLogged} setLogged=${setLogged} onChange=${setChanged} fail=${fail} />`}
  </div>`;
}

// A key that no conversation has yet.
function fresh() {
  const key = crypto.randomUUID();
  sessionStorage.setItem(`fresh ${key}`, "yes");
  return key;
}

// The events of a conversation, kept current; none before it has begun.
function useConversation(key, begun, onEvent, fail) {
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
          onEvent(event);
        } else if (name === "delta") view = hear(view, JSON.parse(data));
        show();
      },
      { signal: stop.signal, state: setState },
    ).catch((error) => error.status !== 404 && fail(error));
    return () => stop.abort();
  }, [key, begun]);
  return { events, live, state };
}

function Talk({ id, go, isLogged, setLogged, onChange, fail }) {
  const [begun, setBegun] = useState(!sessionStorage.getItem(`fresh ${id}`));
  const [at, setAt] = useState(null);
  const [draft, setDraft] = useState("");
  // What was written and did not get through is in the field again.
  const giveBack = (frames, reason) => {
    setDraft((was) => was || frames.findLast(({ message }) => message)?.message || "");
    fail(new Error(reason));
  };
  const sender = useMemo(
    () =>
      new Sender(id, {
        heard() {
          sessionStorage.removeItem(`fresh ${id}`);
          setBegun(true);
        },
        refused: (reason, frames) => giveBack(frames, reason),
        undelivered: (frames) => giveBack(frames, t("undelivered")),
      }),
    [id],
  );
  useEffect(() => () => sender.close(), [sender]);
  const { events, live, state } = useConversation(id, begun, (event) => sender.recorded(event), fail);
  const view = useMemo(() => (at === null ? live : events.slice(0, at).reduce(fold, EMPTY)), [at, live, events]);
  const place = useRef(null);
  const exists = events.length > 0;
  const earlier = useEarlier(view.started, fail);
  const asking = openQuestions(live).length > 0;
  useEffect(() => onChange(`${id} ${exists} ${isBusy(live)} ${asking}`), [id, exists, isBusy(live), asking]);
  const title = live.turns.find(({ kind, text }) => kind === "said" && text)?.text.split("\n")[0] || (exists ? id : t("newChat"));
  const isPinned = useRef(true);
  useEffect(() => {
    if (isPinned.current && at === null) place.current.scrollTop = place.current.scrollHeight;
  }, [view]);
  const scrolled = ({ target: box }) => (isPinned.current = box.scrollHeight - box.scrollTop - box.clientHeight < 60);

  const say = (frame, graph) => sender.send({ message_id: crypto.randomUUID(), ...frame }, graph);
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
    answer: (answer) => sender.send({ type: "human_response", ...answer }),
    save: (run) => download(`${id}.md`, typeof run.output === "string" ? run.output : run.text),
    retry: (run) => {
      const said = events.find((event) => event.id === run.id);
      if (said?.data.text) say({ message: said.data.text, output_format: said.data.output_format ?? "chat" });
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
        <div class="grow naming"><h1 title=${title}>${title}</h1>${title !== id && html`<span class="mono muted">${id}</span>`}</div>
        ${view.started && html`<span class="tag">${view.started.protocol}${view.started.graph ? ` · ${view.started.graph}` : ""}</span>`}
        <button class="button" aria-pressed=${isLogged} onClick=${() => setLogged(!isLogged)}>${t("log")}</button>
        ${exists && html`<button class="button plain danger" onClick=${erase}>${t("remove")}</button>`}
      </header>
      <div class="turns" ref=${place} onScroll=${scrolled} tabindex="0" role="log" aria-label=${t("chat")}>
        ${state === "lost" && exists && html`<p class="notice" role="status">${t("lost")}</p>`}
        ${!begun && !draft && html`<${Suggestions} pick=${setDraft} />`}
        <ol>
          ${earlier.map(({ key, view: then }) => html`<${Turns} view=${then} acts=${{ copy: acts.copy, save: acts.save }} />
            <li class="divider small muted"><a href=${`#chat/${encodeURIComponent(key)}`}>${t("forkedFrom")}</a></li>`)}
          <${Turns} view=${view} acts=${at === null ? acts : { copy: acts.copy, answer: acts.answer, save: acts.save }} />
        </ol>
      </div>
      <${Composer} busy=${isBusy(live)} asking=${asking} draft=${draft} setDraft=${setDraft} isNew=${!exists}
        onSend=${say} onStop=${() => attempt(() => post(`/api/sessions/${encodeURIComponent(id)}/cancel`))} />
    </section>
    ${isLogged && html`<${Log} id=${id} events=${events} view=${view} at=${at} onAt=${setAt} onClose=${() => { setLogged(false); setAt(null); }} />`}`;
}

// What a new conversation may begin with.
function Suggestions({ pick }) {
  return html`<section class="suggestions" aria-label=${t("suggestions")}>
    <h2>${t("suggestions")}</h2>
    <div class="grid">${SUGGESTED.map((name) => html`<button class="card" onClick=${() => { pick(t(`try_${name}`)); document.querySelector(".composer textarea").focus(); }}>
      <strong>${t(`about_${name}`)}</strong><span class="small muted">${t(`try_${name}`)}</span></button>`)}</div>
  </section>`;
}

function download(name, text) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(new Blob([text], { type: "text/markdown" })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}
