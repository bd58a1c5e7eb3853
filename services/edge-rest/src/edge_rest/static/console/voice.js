// A talk by voice: the microphone, captions, levels, the voices, interruption.
import { html, useEffect, useRef, useState } from "./vendor/preact.js";
import { isMember, post, socketAddress } from "./api.js";
import { Talk } from "./voice/talk.js";
import { t } from "./words.js";

const VOICES = ["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse"];
const LEVELS = ["microphone", "speech"];
const MICROPHONE = "M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4";
const STOP = "M8 8h8v8H8z";
const FULL = 0.3; // speech is seldom louder

async function join(voice) {
  const { session_id: id } = await post(`/api/v1/chat/${isMember() ? "sessions" : "guest-sessions"}`, { voice, show_text: true });
  return socketAddress(`/api/v1/chat/ws/${isMember() ? "chat" : "guest-chat"}/${id}`);
}

export function Voice({ fail }) {
  const [state, setState] = useState("");
  const [lines, setLines] = useState([]);
  const [voice, setVoice] = useState("alloy");
  const [report, setReport] = useState(null);
  const talk = useRef(null);
  const meters = useRef({});
  const captions = useRef(null);
  const orb = useRef(null);
  useEffect(() => () => talk.current?.close(), []);
  useEffect(() => captions.current?.lastElementChild?.scrollIntoView({ block: "nearest" }), [lines.length]);
  async function begin() {
    setLines([]);
    setReport(null);
    talk.current = new Talk(() => join(voice), {
      state: setState,
      level(name, value) {
        const share = Math.min(1, value / FULL);
        if (meters.current[name]) meters.current[name].value = share;
        orb.current?.style.setProperty("--level", share);
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
    <section class="card stage">
      <button ref=${orb} class=${`orb ${state || "idle"}`} aria-label=${t(talk.current ? "endVoice" : "beginVoice")} onClick=${() => (talk.current ? talk.current.end() : begin())}>
        <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d=${talk.current ? STOP : MICROPHONE} /></svg></button>
      <span role="status" class=${state ? "" : "muted"}>${t(state || "voiceHint")}</span>
      ${talk.current && html`<div class="levels">
        ${LEVELS.map((name) => html`<label class="small muted stack tight">${t(name)}
          <meter min="0" max="1" ref=${(element) => (meters.current[name] = element)}></meter></label>`)}
      </div>`}
      <label class="row small muted">${t("speaksAs")}
        <select class="field" style=${{ width: "auto" }} value=${voice}
          onChange=${(e) => { setVoice(e.target.value); talk.current?.speakAs(e.target.value); }}>
          ${VOICES.map((each) => html`<option value=${each}>${each}</option>`)}
        </select></label>
    </section>
    <div role="log" aria-label=${t("voice")}><ol class="captions" ref=${captions}>
      ${lines.map(({ who, text }) => html`<li class=${who === "user" ? "said" : "reply"}>
        <div class=${who === "user" ? "bubble" : who === "error" ? "notice" : ""}>${text}</div></li>`)}
    </ol></div>
    ${report && html`<${Report} report=${report} />`}
  </div></div>`;
}

function Report({ report }) {
  const told = [
    ["lasted", `${report.total_duration_sec} ${t("seconds")}`],
    ["youSpoke", `${report.user_speech_duration_sec} ${t("seconds")}`],
    ["lines", report.messages.length],
  ];
  return html`<div class="grid figures report" data-report=${JSON.stringify(report)}>
    ${told.map(([name, value]) => html`<div class="card"><strong>${value}</strong><div class="muted small">${t(name)}</div></div>`)}
  </div>`;
}
