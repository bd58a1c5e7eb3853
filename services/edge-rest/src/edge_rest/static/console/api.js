// The server as every client sees it: REST, streams and WebSockets, with the API key where one is needed.
let apiKey = ""; // kept in memory only

export function signIn(key) {
  apiKey = key;
}

export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export function headers(more = {}) {
  return apiKey ? { "X-API-Key": apiKey, ...more } : more;
}

export async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: headers(body === undefined ? {} : { "Content-Type": "application/json" }),
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  const value = text ? parsed(text) : null;
  if (!answer.ok) throw new Refused(answer.status, value?.detail ?? value?.error ?? answer.statusText);
  return value;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export const get = (path) => call("GET", path);
export const post = (path, body) => call("POST", path, body);
export const remove = (path) => call("DELETE", path);

export function socketAddress(path) {
  const address = new URL(path, location.href.replace(/^http/, "ws"));
  if (apiKey) address.searchParams.set("api_key", apiKey);
  return address.href;
}

// Server-Sent Events by fetch, since EventSource cannot send a key. `take(event, data)` gets each event; a stream
// that breaks is opened again behind the last id. Ends when `signal` is aborted.
export async function follow(path, take, { signal, state = () => {} }) {
  let last = null;
  for (let wait = 500; !signal.aborted; wait = Math.min(wait * 2, 8000)) {
    try {
      const more = { Accept: "text/event-stream" };
      if (last !== null) more["Last-Event-ID"] = last;
      const answer = await fetch(path, { headers: headers(more), signal });
      if (!answer.ok) throw new Refused(answer.status, answer.statusText);
      state("open");
      wait = 500;
      for await (const { event, data, id } of events(answer.body)) {
        if (id) last = id;
        take(event, data);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused && error.status < 500 && error.status !== 429) throw error;
    }
    if (signal.aborted) return;
    state("lost");
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split(/\r?\n\r?\n/);
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = { event: "message", data: [] };
      for (const line of block.split(/\r?\n/)) {
        const [, name, text] = /^(\w+): ?(.*)$/.exec(line) ?? [];
        if (name === "data") fields.data.push(text);
        else if (name) fields[name] = text;
      }
      if (fields.data.length) yield { ...fields, data: fields.data.join("\n") };
    }
  }
}
