// Any WebSocket protocol by hand: frames in and out, and the same as a program.
import { html, useEffect, useRef, useState } from "./vendor/preact.js";
import { socketAddress } from "./api.js";
import { t } from "./words.js";

const random = () => crypto.randomUUID().slice(0, 12).replaceAll("-", "x");
const PROTOCOLS = {
  octo: { path: (key) => `/ws/${key}`, frame: () => ({ message: "안녕하세요", output_format: "chat" }) },
  agent: { path: (key) => `/chat/${key}`, frame: () => ({ type: "client", message: "get all contacts", message_id: random() }) },
  room: {
    path: (key) => `/v3/?room_uid=${key}&user_uid=me`,
    frame: (key) => ({ action: "sendmsg", org_id: "o", room_uid: key, user_id: "me", msg: "안녕 반가워요" }),
  },
};
const PROGRAMS = {
  Python: (url, frame) =>
    `import asyncio, json, websockets\n\nasync def main():\n    async with websockets.connect(${JSON.stringify(url)}) as socket:\n        await socket.send(json.dumps(${frame}))\n        async for text in socket:\n            print(json.loads(text))\n\nasyncio.run(main())\n`,
  JavaScript: (url, frame) =>
    `const socket = new WebSocket(${JSON.stringify(url)});\nsocket.onopen = () => socket.send(JSON.stringify(${frame}));\nsocket.onmessage = ({ data }) => console.log(JSON.parse(data));\n`,
  "websockets (shell)": (url, frame) => `echo '${frame.replaceAll("'", "'\\''")}' | .venv/bin/websockets ${url}\n`,
};

export function Playground({ fail }) {
  const [protocol, setProtocol] = useState("octo");
  const [key, setKey] = useState(random());
  const [draft, setDraft] = useState("");
  const [frames, setFrames] = useState([]);
  const [isOpen, setOpen] = useState(false);
  const socket = useRef(null);
  useEffect(() => setDraft(JSON.stringify(PROTOCOLS[protocol].frame(key), null, 2)), [protocol, key]);
  useEffect(() => () => socket.current?.close(), []);
  const add = (way, text) => setFrames((was) => [...was.slice(-499), { way, text, at: performance.now() }]);
  const path = () => PROTOCOLS[protocol].path(encodeURIComponent(key));
  function connect() {
    const made = new WebSocket(socketAddress(path()));
    made.onopen = () => setOpen(true);
    made.onmessage = ({ data }) => add("←", data);
    made.onclose = ({ code, reason }) => { setOpen(false); add("✕", `${code} ${reason}`); };
    socket.current = made;
  }
  function send() {
    try {
      const text = JSON.stringify(JSON.parse(draft));
      socket.current.send(text);
      add("→", text);
    } catch (error) {
      fail(error);
    }
  }
  const copy = (name) => navigator.clipboard.writeText(PROGRAMS[name](new URL(path(), location.href.replace(/^http/, "ws")).href, draft.replace(/\s*\n\s*/g, " ")));
  return html`<div class="page"><div class="inner">
    <h1>${t("playground")}</h1>
    <div class="row wrap">
      <select class="field" style=${{ width: "auto" }} aria-label=${t("protocol")} disabled=${isOpen} value=${protocol} onChange=${(e) => setProtocol(e.target.value)}>
        ${Object.keys(PROTOCOLS).map((each) => html`<option value=${each}>${each}</option>`)}
      </select>
      <input class="field grow mono" aria-label=${t("key")} disabled=${isOpen} value=${key} onInput=${(e) => setKey(e.target.value)} />
      ${isOpen ? html`<button class="button" onClick=${() => socket.current.close()}>${t("disconnect")}</button>`
        : html`<button class="button primary" onClick=${connect}>${t("connect")}</button>`}
    </div>
    <label>${t("frame")}<textarea class="field mono" rows="8" value=${draft} onInput=${(e) => setDraft(e.target.value)}></textarea></label>
    <div class="row wrap">
      <button class="button primary" disabled=${!isOpen} onClick=${send}>${t("send")}</button>
      <span class="muted small">${t("copyAs")}</span>
      ${Object.keys(PROGRAMS).map((name) => html`<button class="button plain small" onClick=${() => copy(name)}>${name}</button>`)}
    </div>
    <div class="stack" role="log" aria-label=${t("frame")}>
      ${frames.map(({ way, text }) => html`<pre class="block" tabindex="0">${way} ${text}</pre>`)}
    </div>
  </div></div>`;
}
