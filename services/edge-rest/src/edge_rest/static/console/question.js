// A question to a person as a form: approve, refuse, edit what is to be done, or answer in words.
import { html, useState } from "./vendor/preact.js";
import { t } from "./words.js";

export function Question({ asked, onAnswer }) {
  const { interrupt_id: id, question, value } = asked;
  const [words, setWords] = useState("");
  const [draft, setDraft] = useState(null);
  const [wrong, setWrong] = useState("");
  const context = value && typeof value === "object" && Object.keys(value).length ? value : null;
  const name = id ? { interrupt_id: id } : {};
  const answerDraft = () => {
    try {
      onAnswer({ ...name, response: JSON.parse(draft) });
    } catch (error) {
      setWrong(error.message);
    }
  };
  return html`<section class="question" aria-label=${t("asks")}>
    <div class="small muted">${t("asks")}</div>
    <strong>${question || (typeof value === "string" ? value : "")}</strong>
    ${context && draft === null && html`<pre class="block" tabindex="0">${JSON.stringify(context, null, 2)}</pre>`}
    ${draft !== null &&
    html`<label><span class="sr">JSON</span>
        <textarea class="field mono" rows="8" value=${draft} onInput=${(e) => setDraft(e.target.value)}></textarea></label>
      ${wrong && html`<p class="notice">${wrong}</p>`}`}
    <div class="row wrap">
      <button class="button primary" onClick=${() => onAnswer({ ...name, approve: true })}>${t("approve")}</button>
      <button class="button" onClick=${() => onAnswer({ ...name, approve: false })}>${t("refuse")}</button>
      ${draft === null
        ? html`<button class="button plain" onClick=${() => setDraft(JSON.stringify(context ?? "", null, 2))}>JSON</button>`
        : html`<button class="button" onClick=${answerDraft}>${t("answer")}</button>`}
    </div>
    <form class="row" onSubmit=${(e) => { e.preventDefault(); if (words.trim()) onAnswer({ ...name, response: words }); }}>
      <input class="field" aria-label=${t("answer")} placeholder=${t("answer")} value=${words} onInput=${(e) => setWords(e.target.value)} />
      <button class="button" disabled=${!words.trim()}>${t("answer")}</button>
    </form>
  </section>`;
}
