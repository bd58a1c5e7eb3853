// Any protocol by hand: what goes out and what comes in, and the same as a program.
import { html, useEffect, useRef, useState } from "./vendor/preact.js";
import { address, headers, isKeyed, pieces, post } from "./api.js";
import { CALLS, programs } from "./playground/calls.js";
import { exactly, t } from "./words.js";

const MOST_FRAMES = 500;
const random = () => crypto.randomUUID();
const shaped = (text) => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
};

export function Playground({ fail }) {
  const [protocol, setProtocol] = useState("octo");
  const [key, setKey] = useState(random());
  const [draft, setDraft] = useState("");
  const [frames, setFrames] = useState([]);
  const [isOpen, setOpen] = useState(false);
  const [language, setLanguage] = useState("Python");
  const [isCopied, setCopied] = useState(false);
  const going = useRef({ close() {} });
  const list = useRef(null);
  const call = CALLS[protocol];
  useEffect(() => setDraft(JSON.stringify(call.frame(key), null, 2)), [protocol]);
  useEffect(() => () => going.current.close(), []);
  useEffect(() => void (list.current.scrollTop = list.current.scrollHeight), [frames.length]);
  useEffect(() => setCopied(false), [protocol, key, draft, language]);
  const add = (way, text) => setFrames((was) => [...was.slice(1 - MOST_FRAMES), { way, text, at: Date.now() }]);
  const attempt = (work) => Promise.resolve().then(work).catch(fail);

  const connect = () => attempt(async () => {
    let id = key;
    if (call.begin) {
      ({ session_id: id } = await post(call.begin, {}));
      setKey(id);
    }
    const socket = new WebSocket(address(call.socket(encodeURIComponent(id)), "ws"));
    socket.onopen = () => setOpen(true);
    socket.onmessage = ({ data }) => add("in", data);
    socket.onclose = ({ code, reason }) => { setOpen(false); add("end", `${code} ${reason}`); };
    going.current = socket;
  });

  const send = () => attempt(async () => {
    const text = JSON.stringify(JSON.parse(draft));
    add("out", text);
    if (call.socket) return going.current.send(text);
    const stop = new AbortController();
    going.current = { close: () => stop.abort() };
    const more = { "Content-Type": "application/json", Accept: call.accept ?? "*/*" };
    await show(call.post(encodeURIComponent(key)), { method: "POST", body: text, headers: headers(more), signal: stop.signal });
    if (call.listen) await show(call.listen(encodeURIComponent(key)), { headers: headers(), signal: stop.signal });
    // What was sent is one message for ever: the next one is another.
    setDraft((was) => was === draft && call.listen ? JSON.stringify(call.frame(key), null, 2) : was);
  });

  // Adds an answer as it comes, a frame for each line that says something.
  async function show(path, how) {
    const answer = await fetch(path, how);
    if (!answer.ok) add("end", `${answer.status} ${answer.statusText}`);
    let rest = "";
    for await (const piece of pieces(answer.body)) {
      const lines = (rest + piece).split(/\r?\n/);
      rest = lines.pop();
      lines.filter(Boolean).forEach((line) => add("in", line));
    }
    if (rest) add("in", rest);
  }

  const compact = draft.replace(/\s*\n\s*/g, " ");
  const written = programs(call, encodeURIComponent(key), compact, (path, scheme = "http") => {
    const url = new URL(path, location.origin.replace(/^http/, scheme));
    if (isKeyed()) url.searchParams.set("api_key", "YOUR_KEY");
    return url.href;
  });
  const chosen = language in written ? language : Object.keys(written)[0];
  return html`<div class="page"><div class="inner wide">
    <div class="row wrap"><h1 class="grow">${t("playground")}</h1><a class="small" href=${`/docs/guide/#${call.page}`}>${t("aboutProtocol")} ↗</a></div>
    <div class="segments wrap" role="radiogroup" aria-label=${t("protocol")}>${Object.keys(CALLS).map((each) => html`<label>
      <input type="radio" name="protocol" disabled=${isOpen} checked=${each === protocol} onChange=${() => setProtocol(each)} /><span>${each}</span></label>`)}</div>
    <div class="pair">
      <section class="stack">
        <div class="row"><span class="tag">${call.socket ? "WS" : "POST"}</span>
          <code class="mono grow clipped">${(call.socket ?? call.post)(key)}</code></div>
        <div class="row"><input class="field grow mono" aria-label=${t("key")} disabled=${isOpen || Boolean(call.begin)} value=${key} onInput=${(e) => setKey(e.target.value)} />
          ${call.socket && (isOpen ? html`<button class="button" onClick=${() => going.current.close()}>${t("disconnect")}</button>`
            : html`<button class="button primary" onClick=${connect}>${t("connect")}</button>`)}</div>
        <label class="stack tight"><span class="small muted">${t("frame")}</span>
          <textarea class="field mono" rows="9" spellcheck="false" value=${draft} onInput=${(e) => setDraft(e.target.value)}></textarea></label>
        <div class="row"><span class="grow"></span>
          <button class="button primary" disabled=${call.socket && !isOpen} onClick=${send}>${t("send")}</button></div>
        <div class="card stack flush">
          <div class="row"><div class="segments grow" role="radiogroup" aria-label=${t("copyAs")}>${Object.keys(written).map((each) => html`<label>
            <input type="radio" name="language" checked=${each === chosen} onChange=${() => setLanguage(each)} /><span>${each}</span></label>`)}</div>
            <button class="button plain small" onClick=${() => attempt(() => navigator.clipboard.writeText(written[chosen])).then(() => setCopied(true))}>${t(isCopied ? "copied" : "copy")}</button></div>
          <pre class="block program" tabindex="0">${written[chosen]}</pre>
        </div>
      </section>
      <section class="frames" role="log" tabindex="0" aria-label=${t("frames")} ref=${list}>
        ${frames.map(({ way, text, at }) => html`<article class=${way}><div class="row small muted"><span class="grow">${t(`way_${way}`)}</span><span class="mono">${exactly(at)}</span></div>
          <pre class="block" tabindex="0">${shaped(text)}</pre></article>`)}
        ${!frames.length && html`<p class="empty">${t("noFrames")}</p>`}
      </section>
    </div>
  </div></div>`;
}
