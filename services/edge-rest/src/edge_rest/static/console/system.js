// The services and how they are, dead letters, and the turns of the last hour.
import { html, useEffect, useState } from "./vendor/preact.js";
import { get } from "./api.js";
import { t } from "./words.js";

const EVERY_MS = 3000;

export function System({ fail }) {
  const [now, setNow] = useState(null);
  useEffect(() => {
    let timer;
    let gone = false;
    async function look() {
      try {
        const told = await get("/api/system");
        if (!gone) setNow(told);
      } catch (error) {
        fail(error);
      }
      if (!gone) timer = setTimeout(look, EVERY_MS);
    }
    look();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, []);
  if (!now) return html`<div class="page"></div>`;
  return html`<div class="page"><div class="inner">
    <h1>${t("system")}</h1>
    <div class="grid">
      <div class="card"><div class="muted small">Parley</div><strong>${now.version}</strong></div>
      <div class="card"><div class="muted small">${t("position")}</div><strong>${now.position.toLocaleString()}</strong></div>
      <div class="card"><div class="muted small">${t("conversations")}</div><strong>${now.conversations.toLocaleString()}</strong></div>
      <div class="card"><div class="muted small">${t("in_progress")} · ${t("waiting_human")}</div><strong>${now.running} · ${now.asking}</strong></div>
    </div>
    <section class="card"><h2>${t("services")}</h2>
      <table class="plain"><tbody>
        ${now.services.map(({ name, ready }) => html`<tr><td>${name}</td>
          <td><span class=${`tag ${ready ? "good" : "bad"}`}>${t(ready ? "ready" : "away")}</span></td></tr>`)}
      </tbody></table>
      ${now.problems.map((problem) => html`<p class="notice">${problem}</p>`)}
    </section>
  </div></div>`;
}
