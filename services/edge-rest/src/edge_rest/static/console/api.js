// The server as every client sees it: REST, streams and WebSockets, with what a person has signed in with.
let held = { key: "", token: "" }; // in memory only

export function signIn(key, token) {
  held = { key: key.trim(), token: token.trim() };
}

export const isMember = () => Boolean(held.token);
export const isKeyed = () => Boolean(held.key);

export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

// Whether trying again later may do: the server is away, or says that a part of it is.
export const isPassing = (error) => !(error instanceof Refused) || error.status >= 500 || error.status === 429;

export function headers(more = {}) {
  return {
    ...(held.key && { "X-API-Key": held.key }),
    ...(held.token && { Authorization: `Bearer ${held.token}` }),
    ...more,
  };
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

// For what cannot send headers: EventSource and WebSocket.
export function address(path, scheme = "http") {
  const made = new URL(path, location.origin.replace(/^http/, scheme));
  if (held.key) made.searchParams.set("api_key", held.key);
  if (held.token) made.searchParams.set("token", held.token);
  return made.href;
}

export const socketAddress = (path) => address(path, "ws");

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
      if (!isPassing(error)) throw error;
    }
    if (signal.aborted) return;
    state("lost");
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

// The pieces of a body as they come; not every browser can walk through a stream by itself.
export async function* pieces(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    yield value;
  }
}

async function* events(body) {
  let rest = "";
  for await (const value of pieces(body)) {
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
