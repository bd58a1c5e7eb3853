// A question to a person as a form: approve, refuse, edit what is to be done, or answer in words.
import { html, useState } from "./vendor/preact.js";
import { t } from "./words.js";

// Any JSON as a person reads it: names and values, lists, text.
function Shape({ value }) {
  if (Array.isArray(value)) return html`<ol>${value.map((each) => html`<li><${Shape} value=${each} /></li>`)}</ol>`;
  if (value && typeof value === "object") {
    const told = Object.entries(value).filter(([, each]) => each !== null && each !== "" && !(typeof each === "object" && !Object.keys(each).length));
    return html`<dl>${told.map(([name, each]) => html`<div><dt>${name.replaceAll("_", " ")}</dt><dd><${Shape} value=${each} /></dd></div>`)}</dl>`;
  }
  return `${value}`;
}

export function Question({ asked, onAnswer }) {
  const { interrupt_id: id, question, value } = asked;
  const [words, setWords] = useState("");
  const [draft, setDraft] = useState(null);
  const [wrong, setWrong] = useState("");
  const shape = value?.context ?? value;
  const context = shape && typeof shape === "object" && Object.keys(shape).length ? shape : null;
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
    ${context && draft === null && html`<div class="shape" tabindex="0"><${Shape} value=${context} /></div>`}
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
