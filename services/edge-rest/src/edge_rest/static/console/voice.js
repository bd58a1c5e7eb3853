// A talk by voice: the microphone, captions, levels, the voices, interruption.
import { html, useEffect, useRef, useState } from "./vendor/preact.js";
import { Talk } from "./voice/talk.js";
import { t } from "./words.js";

const VOICES = ["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse"];

export function Voice({ fail }) {
  const [state, setState] = useState("");
  const [lines, setLines] = useState([]);
  const [voice, setVoice] = useState("alloy");
  const [report, setReport] = useState(null);
  const talk = useRef(null);
  useEffect(() => () => talk.current?.close(), []);
  async function begin() {
    setLines([]);
    setReport(null);
    talk.current = new Talk(location.origin, voice, {
      state: setState,
      caption: (who, text) => setLines((was) => [...was, { who, text }]),
      report: setReport,
      closed: () => { talk.current = null; setState(""); },
    });
    try {
      await talk.current.begin();
    } catch (error) {
      await talk.current?.close();
      fail(error);
    }
  }
  return html`<div class="page"><div class="inner">
    <h1>${t("voice")}</h1>
    <p class="muted">${t("voiceHint")}</p>
    <div class="row wrap">
      ${talk.current
        ? html`<button class="button danger" onClick=${() => talk.current.end()}>${t("endVoice")}</button>`
        : html`<button class="button primary" onClick=${begin}>${t("beginVoice")}</button>`}
      <select class="field" style=${{ width: "auto" }} aria-label=${t("voice")} value=${voice}
        onChange=${(e) => { setVoice(e.target.value); talk.current?.speakAs(e.target.value); }}>
        ${VOICES.map((each) => html`<option>${each}</option>`)}
      </select>
      ${state && html`<span class="tag live" role="status">${state}</span>`}
    </div>
    <ol class="stack" role="log" aria-label=${t("voice")}>
      ${lines.map(({ who, text }) => html`<li class=${who === "user" ? "said" : "reply"}>
        <div class=${who === "user" ? "bubble" : who === "error" ? "notice" : ""}>${text}</div></li>`)}
    </ol>
    ${report && html`<pre class="block" tabindex="0">${JSON.stringify(report, null, 2)}</pre>`}
  </div></div>`;
}
