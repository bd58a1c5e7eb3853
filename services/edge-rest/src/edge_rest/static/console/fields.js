// Any JSON as a person reads it, and as a form to change it.
import { html } from "./vendor/preact.js";

const LONG = 60; // characters, above which a text has more than one line
const said = (name) => `${name}`.replaceAll("_", " ");
const isShown = (value) => value !== null && value !== "" && !(typeof value === "object" && !Object.keys(value).length);

const isPlain = (value) => typeof value !== "object";

// What is plain at a glance, the rest unfolds.
export function Gist({ value }) {
  const told = Object.entries(value).filter(([, each]) => isShown(each));
  const plain = told.filter(([, each]) => isPlain(each));
  return html`<${Shape} value=${Object.fromEntries(plain)} />
    ${told.filter(([, each]) => !isPlain(each)).map(([name, each]) => html`<details open=${!plain.length}><summary>${said(name)}</summary><${Shape} value=${each} /></details>`)}`;
}

// Names and values, lists, text.
export function Shape({ value }) {
  if (Array.isArray(value)) return html`<ol>${value.map((each) => html`<li><${Shape} value=${each} /></li>`)}</ol>`;
  if (value && typeof value === "object") {
    const told = Object.entries(value).filter(([, each]) => isShown(each));
    return html`<dl>${told.map(([name, each]) => html`<div class=${isPlain(each) ? "line" : ""}><dt>${said(name)}</dt><dd><${Shape} value=${each} /></dd></div>`)}</dl>`;
  }
  return `${value}`;
}

// One field for each part of a value; `change` gets the whole value anew. A JSON Schema, where there is one, says what
// a part may be.
export function Fields({ value, change, label = "", schema = {} }) {
  if (Array.isArray(value)) {
    const put = (index) => (part) => change(value.with(index, part));
    return html`<fieldset>${label && html`<legend>${said(label)}</legend>`}
      ${value.map((each, index) => html`<${Fields} value=${each} change=${put(index)} label=${`${index + 1}`} schema=${schema.items ?? {}} />`)}</fieldset>`;
  }
  if (value && typeof value === "object") {
    return html`<fieldset>${label && html`<legend>${said(label)}</legend>`}
      ${Object.entries(value).map(([name, each]) => html`<${Fields} value=${each} label=${name} schema=${schema.properties?.[name] ?? {}}
        change=${(part) => change({ ...value, [name]: part })} />`)}</fieldset>`;
  }
  return html`<label class="part"><span>${said(schema.title ?? label)}</span><${Part} value=${value} change=${change} schema=${schema} />
    ${schema.description && html`<span class="small muted">${schema.description}</span>`}</label>`;
}

function Part({ value, change, schema }) {
  if (schema.enum) {
    return html`<select class="field" value=${JSON.stringify(value)} onChange=${(e) => change(JSON.parse(e.target.value))}>
      ${schema.enum.map((each) => html`<option value=${JSON.stringify(each)}>${`${each}`}</option>`)}</select>`;
  }
  if (typeof value === "boolean") return html`<input type="checkbox" checked=${value} onChange=${(e) => change(e.target.checked)} />`;
  if (typeof value === "number") {
    return html`<input class="field" type="number" step="any" value=${value} onInput=${(e) => e.target.value !== "" && change(Number(e.target.value))} />`;
  }
  const text = value ?? "";
  const put = (e) => change(value === null && e.target.value === "" ? null : e.target.value);
  return text.length > LONG || text.includes("\n")
    ? html`<textarea class="field" rows=${Math.min(10, 2 + text.length / LONG)} value=${text} onInput=${put}></textarea>`
    : html`<input class="field" value=${text} onInput=${put} />`;
}

// The value that a form of a JSON Schema begins with; undefined where the schema is of no kind that has a form.
export function blank(schema, all = schema, depth = 0) {
  if (schema?.$ref?.startsWith("#/") && depth < 16) {
    return blank(schema.$ref.slice(2).split("/").reduce((inner, name) => inner?.[name], all), all, depth + 1);
  }
  if (schema?.default !== undefined) return schema.default;
  if (schema?.const !== undefined) return schema.const;
  if (schema?.enum) return schema.enum[0];
  const either = schema?.anyOf ?? schema?.oneOf;
  if (either) return either.map((each) => blank(each, all, depth + 1)).find((each) => each !== undefined);
  switch (schema?.type) {
    case "object": {
      const parts = Object.entries(schema.properties ?? {}).map(([name, each]) => [name, blank(each, all, depth + 1)]);
      return depth < 16 && parts.length && parts.every(([, each]) => each !== undefined) ? Object.fromEntries(parts) : undefined;
    }
    case "boolean": return false;
    case "integer": case "number": return schema.minimum ?? 0;
    case "string": return "";
    case "array": return [];
    case "null": return null;
  }
  return undefined;
}
