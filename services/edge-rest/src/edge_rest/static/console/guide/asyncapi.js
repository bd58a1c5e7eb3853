// The WebSockets as AsyncAPI 3 describes them: every channel, what is sent each way, and the fields of each message.
import { html, render, useEffect, useState } from "../vendor/preact.js";

const FILES = { "WebSockets": "/asyncapi.json", "Between the services": "/asyncapi-services.json" };
const WAYS = { receive: "From the client", send: "From the server" };

function Description() {
  const [name, setName] = useState("WebSockets");
  const [told, setTold] = useState(null);
  useEffect(() => {
    setTold(null);
    fetch(FILES[name]).then((answer) => answer.json()).then(setTold);
  }, [name]);
  return html`<main class="page"><div class="inner">
    <div class="row wrap"><h1 class="grow">${told?.info.title ?? "AsyncAPI"}</h1>
      ${Object.keys(FILES).map((each) => html`<button class=${`button ${each === name ? "primary" : ""}`} onClick=${() => setName(each)}>${each}</button>`)}
      <a href=${FILES[name]}>AsyncAPI ${told?.asyncapi}</a> <a href="/docs/guide/">Guide</a></div>
    ${told?.info.description && html`<p class="muted flat">${told.info.description}</p>`}
    ${told && Object.entries(told.channels).map(([key, channel]) => html`<${Channel} key=${key} name=${key} channel=${channel} all=${told} />`)}
  </div></main>`;
}

function Channel({ name, channel, all }) {
  const query = channel.bindings?.ws?.query?.properties ?? {};
  const operations = Object.values(all.operations).filter((each) => each.channel.$ref === `#/channels/${name.replaceAll("/", "~1")}`);
  return html`<section class="card stack"><h2>${channel.title ?? name} <code class="mono muted">${channel.address}</code></h2>
    ${channel.description && html`<p class="flat">${channel.description}</p>`}
    ${Object.keys(query).length > 0 && html`<${Fields} properties=${query} required=${[]} all=${all} />`}
    ${operations.map(({ action, messages }) => html`<h3 class="muted">${WAYS[action]}</h3>
      ${(messages ?? Object.keys(channel.messages ?? {}).map((each) => ({ $ref: `#/channels/${name.replaceAll("/", "~1")}/messages/${each}` }))).map((each) => html`<${Message} message=${resolved(each, all)} all=${all} />`)}`)}
  </section>`;
}

function Message({ message, all }) {
  const payload = resolved(message.payload ?? {}, all);
  return html`<details><summary><strong>${message.title ?? message.name}</strong> <span class="muted small">${plain(message.summary ?? payload.description)}</span></summary>
    ${payload.properties
      ? html`<${Fields} properties=${payload.properties} required=${payload.required ?? []} all=${all} />`
      : html`<pre class="block" tabindex="0">${JSON.stringify(payload, null, 2)}</pre>`}
    ${(message.examples ?? payload.examples ?? []).map((each) => html`<pre class="block" tabindex="0">${JSON.stringify(each.payload ?? each, null, 2)}</pre>`)}
  </details>`;
}

function Fields({ properties, required, all }) {
  return html`<div class="scroll" tabindex="0"><table class="plain"><tbody>
    ${Object.entries(properties).map(([name, schema]) => html`<tr><td class="mono">${name}${required.includes(name) ? "" : "?"}</td>
      <td class="mono muted">${kind(schema, all)}</td><td>${plain(schema.description)}</td></tr>`)}
  </tbody></table></div>`;
}

const plain = (text = "") => text.replaceAll("`", "");

// A schema's type in a few words.
function kind(schema, all, depth = 0) {
  if (schema.$ref) return depth > 2 ? schema.$ref.split("/").at(-1) : kind(resolved(schema, all), all, depth + 1);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((each) => JSON.stringify(each)).join(" | ");
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return either.map((each) => kind(each, all, depth + 1)).join(" | ");
  if (schema.type === "array") return `${kind(schema.items ?? {}, all, depth + 1)}[]`;
  return [schema.type ?? "any"].flat().join(" | ");
}

// What a reference stands for, through as many as there are.
function resolved(value, all) {
  let found = value;
  for (let count = 0; found?.$ref && count < 8; count++) {
    found = found.$ref.slice(2).split("/").reduce((inner, name) => inner?.[name.replaceAll("~1", "/").replaceAll("~0", "~")], all);
  }
  return found ?? {};
}

render(html`<${Description} />`, document.getElementById("app"));
