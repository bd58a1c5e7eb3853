// The quote protocol: what is said goes by `send`, the reply comes by EventSource.
import { html, useRef, useState } from "./vendor/preact.js";
import { address, post } from "./api.js";
import { t } from "./words.js";

export function Quote({ fail }) {
  const [lines, setLines] = useState([]);
  const [text, setText] = useState("");
  const [isBusy, setBusy] = useState(false);
  const talk = useRef({ userId: "console", threadNum: crypto.randomUUID() });
  async function say(event) {
    event.preventDefault();
    if (!text.trim() || isBusy) return;
    setLines((was) => [...was, { who: "me", text }, { who: "it", text: "" }]);
    setText("");
    setBusy(true);
    try {
      await post("/api/chat/send", { ...talk.current, content: text, timestamp: new Date().toISOString() });
      listen();
    } catch (error) {
      setBusy(false);
      fail(error);
    }
  }
  function listen() {
    const stream = new EventSource(address(`/api/chat/stream?${new URLSearchParams(talk.current)}`));
    const change = (how) => setLines((was) => [...was.slice(0, -1), how(was.at(-1))]);
    stream.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      if (event.type === "content") change((line) => ({ ...line, text: line.text + event.data }));
      if (event.type === "quote") change((line) => ({ ...line, quote: event.data }));
      if (event.type === "complete") {
        stream.close();
        setBusy(false);
      }
    };
  }
  return html`<div class="talk">
    <header><h1>${t("quote")}</h1></header>
    <div class="turns" role="log" tabindex="0"><ol>
      ${lines.map(({ who, text: said, quote }, index) =>
        who === "me"
          ? html`<li class="said"><div class="bubble">${said}</div></li>`
          : html`<li class="reply" aria-busy=${isBusy && index === lines.length - 1}><div class=${said || quote ? "" : "cursor"}>${said}</div>
              ${quote && html`<blockquote class="card"><p>${quote.text}</p><footer class="muted small">${quote.author} · ${quote.category}</footer></blockquote>`}</li>`,
      )}
      ${!lines.length && html`<li class="empty">${t("say")}</li>`}
    </ol></div>
    <div class="composer"><form onSubmit=${say}>
      <div class="row"><input class="field grow" aria-label=${t("say")} placeholder=${t("say")} value=${text} onInput=${(e) => setText(e.target.value)} />
        <button class="button primary" disabled=${isBusy || !text.trim()}>${t("send")}</button></div>
    </form></div>
  </div>`;
}
