// The services and how they are, what waits, dead letters, and the turns of the last hour.
import { html, useEffect, useState } from "./vendor/preact.js";
import { get, isPassing, post, remove } from "./api.js";
import { Chart } from "./chart.js";
import { span, t } from "./words.js";

const EVERY_MS = 3000;

export function System({ fail, go }) {
  const [now, setNow] = useState(null);
  const [isLost, setLost] = useState(false);
  useEffect(() => {
    let timer;
    let gone = false;
    async function look() {
      try {
        const told = await get("/api/system");
        if (gone) return;
        setNow(told);
        setLost(false);
      } catch (error) {
        if (gone) return;
        if (isPassing(error)) setLost(true);
        else fail(error);
      }
      timer = setTimeout(look, EVERY_MS);
    }
    look();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, []);
  return html`<div class="page"><div class="inner">
    <h1>${t("system")}</h1>
    ${isLost && html`<p class="notice" role="status">${t("lost")}</p>`}
    ${now && html`<${Figures} now=${now} /><${LastHour} minutes=${now.hour} /><${Services} now=${now} />`}
    <${DeadLetters} go=${go} fail=${fail} />
  </div></div>`;
}

function Figures({ now }) {
  const takeovers = now.hour.reduce((sum, minute) => sum + minute.takeovers, 0);
  const figures = [
    [t("conversations"), now.conversations],
    [`${t("in_progress")} · ${t("waiting_human")}`, `${now.running} · ${now.asking}`],
    [t("connections"), now.connections],
    [t("position"), now.position],
    [t("lag"), now.lag ?? "–"],
    [t("takeovers"), takeovers],
  ];
  return html`<div class="grid figures">
    ${figures.map(([name, value]) => html`<div class="card"><strong>${value.toLocaleString()}</strong><div class="muted small">${name}</div></div>`)}
  </div>`;
}

function LastHour({ minutes }) {
  const at = minutes.map((minute) => minute.at);
  const of = (name) => minutes.map((minute) => minute[name]);
  const turns = minutes.reduce((sum, minute) => sum + minute.turns, 0);
  return html`<div class="pair">
    <section class="card"><h2>${t("turnsHour")} <span class="muted">${turns.toLocaleString()}</span></h2>
      <${Chart} label=${t("turnsHour")} at=${at} say=${(value) => `${Math.round(value * 10) / 10}`} lines=${[
        { label: t("turns"), token: "--accent", values: of("turns"), isBar: true },
        { label: t("failures"), token: "--bad", values: of("failed"), isBar: true },
      ]} /></section>
    <section class="card"><h2>${t("latencyHour")}</h2>
      <${Chart} label=${t("latencyHour")} at=${at} say=${(seconds) => span(seconds * 1000)} lines=${[
        { label: t("firstToken"), token: "--good", values: of("first_token_p50") },
        { label: t("half"), token: "--accent", values: of("run_p50") },
        { label: t("most"), token: "--warn", values: of("run_p95") },
      ]} /></section>
  </div>`;
}

function Services({ now }) {
  return html`<section class="card"><h2>${t("services")} <span class="muted">Parley ${now.version}</span></h2>
    <div class="scroll" tabindex="0"><table class="plain">
      <thead><tr><th>${t("service")}</th><th></th><th>${t("version")}</th><th>${t("processes")}</th><th>${t("waitingNow")}</th><th>${t("held")}</th></tr></thead>
      <tbody>${now.services.map(({ name, ready, versions, processes }) => {
        const queue = now.queues.find(({ responder }) => responder === name);
        return html`<tr><td>${name}</td>
          <td><span class=${`tag ${ready ? "good" : "bad"}`}>${t(ready ? "ready" : "away")}</span></td>
          <td class="mono">${versions.join(", ") || "–"}</td><td>${processes}</td>
          <td>${queue?.waiting ?? ""}</td><td>${queue?.held ?? ""}</td></tr>`;
      })}</tbody></table></div>
    ${now.problems.map((problem) => html`<p class="notice">${problem}</p>`)}
  </section>`;
}

function DeadLetters({ go, fail }) {
  const [letters, setLetters] = useState(null);
  const [isRefused, setRefused] = useState(false);
  async function look() {
    try {
      const { operator } = await get("/api/system/me");
      setRefused(!operator);
      if (operator) setLetters((await get("/api/dead-letters?limit=200")).dead_letters);
    } catch (error) {
      if (!isPassing(error)) fail(error);
    }
  }
  useEffect(() => void look(), []);
  const act = (work) => work().catch(fail).then(look);
  return html`<section class="card stack"><h2>${t("deadLetters")} ${letters?.length ? html`<span class="tag bad">${letters.length}</span>` : ""}</h2>
    ${isRefused && html`<p class="muted flat">${t("operatorsOnly")}</p>`}
    ${letters?.length === 0 && html`<p class="muted flat">${t("noLetters")}</p>`}
    ${letters?.map(
      (letter) => html`<article class="letter">
        <div class="row wrap"><span class="tag bad">${letter.service}</span>
          <a class="grow mono" href=${`#chat/${encodeURIComponent(letter.conversation)}`}>${letter.conversation}</a>
          <span class="small muted">#${letter.number} · ${t("event")} ${letter.sequence}</span></div>
        <p class="flat">${letter.reason}</p>
        <div class="row">
          <button class="button" onClick=${() => act(() => post(`/api/dead-letters/${letter.number}/retry`))}>${t("retry")}</button>
          <button class="button danger" onClick=${() => confirm(t("confirmDrop")) && act(() => remove(`/api/dead-letters/${letter.number}`))}>${t("drop")}</button>
        </div>
      </article>`,
    )}
  </section>`;
}
