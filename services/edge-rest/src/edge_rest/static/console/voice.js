// A talk by voice: the microphone, captions, levels, the voices, interruption.
import { html, useEffect, useRef, useState } from "./vendor/preact.js";
import { Talk } from "./voice/talk.js";
import { t } from "./words.js";

const VOICES = ["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse"];
const LEVELS = ["microphone", "speech"];
const FULL = 0.3; // speech is seldom louder

export function Voice({ fail }) {
  const [state, setState] = useState("");
  const [lines, setLines] = useState([]);
  const [voice, setVoice] = useState("alloy");
  const [report, setReport] = useState(null);
  const talk = useRef(null);
  const meters = useRef({});
  const captions = useRef(null);
  useEffect(() => () => talk.current?.close(), []);
  useEffect(() => captions.current?.lastElementChild?.scrollIntoView({ block: "nearest" }), [lines.length]);
  async function begin() {
    setLines([]);
    setReport(null);
    talk.current = new Talk(voice, {
      state: setState,
      level(name, value) {
        if (meters.current[name]) meters.current[name].value = Math.min(1, value / FULL);
      },
      caption: (who, text) => setLines((was) => [...was, { who, text }]),
      report: setReport,
      closed() {
        talk.current = null;
        setState("");
      },
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
    <section class="card stack">
      <p class="muted flat">${t("voiceHint")}</p>
      <div class="row wrap">
        ${talk.current
          ? html`<button class="button danger" onClick=${() => talk.current.end()}>${t("endVoice")}</button>`
          : html`<button class="button primary" onClick=${begin}>${t("beginVoice")}</button>`}
        <select class="field" style=${{ width: "auto" }} aria-label=${t("voice")} value=${voice}
          onChange=${(e) => { setVoice(e.target.value); talk.current?.speakAs(e.target.value); }}>
          ${VOICES.map((each) => html`<option value=${each}>${each}</option>`)}
        </select>
        <span role="status">${state && html`<span class="tag live">${t(state)}</span>`}</span>
      </div>
      ${talk.current && html`<div class="grid">
        ${LEVELS.map((name) => html`<label class="small muted stack tight">${t(name)}
          <meter min="0" max="1" ref=${(element) => (meters.current[name] = element)}></meter></label>`)}
      </div>`}
    </section>
    <ol class="captions" role="log" aria-label=${t("voice")} ref=${captions}>
      ${lines.map(({ who, text }) => html`<li class=${who === "user" ? "said" : "reply"}>
        <div class=${who === "user" ? "bubble" : who === "error" ? "notice" : ""}>${text}</div></li>`)}
    </ol>
    ${report && html`<${Report} report=${report} />`}
  </div></div>`;
}

function Report({ report }) {
  const told = [
    ["lasted", `${report.total_duration_sec} ${t("seconds")}`],
    ["youSpoke", `${report.user_speech_duration_sec} ${t("seconds")}`],
    ["lines", report.messages.length],
  ];
  return html`<div class="grid report" data-report=${JSON.stringify(report)}>
    ${told.map(([name, value]) => html`<div class="card"><div class="muted small">${t(name)}</div><strong>${value}</strong></div>`)}
  </div>`;
}
