// A question to a person as a form: approve, refuse, change what is to be done, choose, fill in, or answer in words.
import { html, useState } from "./vendor/preact.js";
import { asked as reading, takesObject } from "./asked.js";
import { Fields, Gist, Shape } from "./fields.js";
import { t } from "./words.js";

const DECISIONS = { approve: "approve", edit: "edit", respond: "answer", reject: "refuse" };

export function Question({ asked, onAnswer }) {
  const { interrupt_id: id, question, value } = asked;
  const name = id ? { interrupt_id: id } : {};
  const respond = (response) => onAnswer({ ...name, response });
  const { actions, answer, options, form, schema } = reading(asked);
  const shape = value?.context ?? value;
  const context = !actions && shape && typeof shape === "object" && Object.keys(shape).length ? shape : null;
  return html`<section class="question" aria-label=${t("asks")}>
    <div class="small muted">${t("asks")}</div>
    <strong>${question || (typeof value === "string" ? value : "")}</strong>
    ${actions ? html`<${Actions} actions=${actions} onDecided=${(decisions) => respond(answer(decisions))} />`
      : options ? html`<div class="row wrap">${options.map((each) => html`<button class="button" onClick=${() => respond(each)}>${`${each}`}</button>`)}</div>`
      : form ? html`<${Form} form=${form} schema=${schema} context=${context} onAnswer=${respond} />`
      : html`<${YesOrNo} context=${context} isEdited=${context && takesObject(asked)} onAnswer=${(given) => onAnswer({ ...name, ...given })} />`}
  </section>`;
}

// Each action with the decisions that are allowed; they are sent together, when all are made.
function Actions({ actions, onDecided }) {
  const [decided, setDecided] = useState(actions.map(({ args, allowed }) => ({ kind: allowed[0], args, words: "" })));
  const change = (index, part) => setDecided(decided.with(index, { ...decided[index], ...part }));
  const isWhole = decided.every(({ kind, words }) => kind !== "respond" || words.trim());
  return html`<form class="stack" onSubmit=${(e) => { e.preventDefault(); if (isWhole) onDecided(decided); }}>
    ${actions.map(({ name, description, allowed }, index) => {
      const { kind, args, words } = decided[index];
      return html`<div class="action stack">
        <div class="row wrap"><span class="mono grow">${name}</span>
          <div class="segments" role="radiogroup" aria-label=${name}>${allowed.map((each) => html`<label>
            <input type="radio" name=${`${index} ${name}`} checked=${each === kind} onChange=${() => change(index, { kind: each })} />
            <span>${t(DECISIONS[each] ?? each)}</span></label>`)}</div></div>
        ${description && html`<div class="small muted">${description}</div>`}
        ${kind === "edit" ? html`<${Fields} value=${args} change=${(part) => change(index, { args: part })} />`
          : html`<div class="shape" tabindex="0"><${Shape} value=${args} /></div>`}
        ${["respond", "reject"].includes(kind) && html`<input class="field" aria-label=${t("reason")} placeholder=${t("reason")} value=${words}
          onInput=${(e) => change(index, { words: e.target.value })} />`}
      </div>`;
    })}
    <div class="row"><button class="button primary" disabled=${!isWhole}>${t("send")}</button></div>
  </form>`;
}

function Form({ form, schema, context, onAnswer }) {
  const [value, setValue] = useState(form);
  return html`<form class="stack" onSubmit=${(e) => { e.preventDefault(); onAnswer(value); }}>
    ${context && html`<div class="shape" tabindex="0"><${Gist} value=${context} /></div>`}
    <${Fields} value=${value} change=${setValue} schema=${schema} />
    <div class="row"><button class="button primary">${t("send")}</button></div>
  </form>`;
}

function YesOrNo({ context, isEdited, onAnswer }) {
  const [words, setWords] = useState("");
  const [draft, setDraft] = useState(null);
  return html`
    ${context && (draft === null ? html`<div class="shape" tabindex="0"><${Gist} value=${context} /></div>`
      : html`<${Fields} value=${draft} change=${setDraft} />`)}
    <div class="row wrap">
      ${draft === null
        ? html`<button class="button primary" onClick=${() => onAnswer({ approve: true })}>${t("approve")}</button>
            <button class="button" onClick=${() => onAnswer({ approve: false })}>${t("refuse")}</button>
            ${isEdited && html`<button class="button plain" onClick=${() => setDraft(context)}>${t("change")}</button>`}`
        : html`<button class="button primary" onClick=${() => onAnswer({ response: draft })}>${t("sendChanged")}</button>
            <button class="button plain" onClick=${() => setDraft(null)}>${t("back")}</button>`}
    </div>
    <form class="row" onSubmit=${(e) => { e.preventDefault(); if (words.trim()) onAnswer({ response: words }); }}>
      <input class="field" aria-label=${t("answer")} placeholder=${t("orWords")} value=${words} onInput=${(e) => setWords(e.target.value)} />
      <button class="button" disabled=${!words.trim()}>${t("answer")}</button>
    </form>`;
}
