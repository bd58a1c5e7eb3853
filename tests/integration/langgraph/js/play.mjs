// Calls the JavaScript SDK as told, a line of JSON each, and tells what came of it: node play.mjs URL
import { AsyncLocalStorage } from "node:async_hooks";
import { createInterface } from "node:readline";
import { Client, ProtocolSseTransportAdapter } from "@langchain/langgraph-sdk";

const heard = new AsyncLocalStorage();
async function hearing(...request) {
  const response = await fetch(...request);
  heard.getStore()?.push(response);
  return response;
}
const client = new Client({
  apiUrl: process.argv[2],
  apiKey: null,
  callerOptions: { maxRetries: 0, fetch: hearing },
});
const transport = (threadId) =>
  new ProtocolSseTransportAdapter({
    apiUrl: process.argv[2],
    threadId,
    fetch: hearing,
    maxReconnectAttempts: 0,
  });
const protocol = {
  send: (threadId, command) => transport(threadId).send(command),
  async *openEventStream(threadId, { signal, ...params }) {
    const stream = transport(threadId).openEventStream(params);
    signal.addEventListener("abort", () => stream.close());
    for await (const data of stream.events) yield { event: data.method, data, id: String(data.seq) };
  },
};
const streaming = new Map();
const tell = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

async function call({ id, place, method, given, streams }) {
  const answer = () => {
    const [first] = heard.getStore();
    return { id, status: first.status, headers: Object.fromEntries(first.headers) };
  };
  const stop = new AbortController();
  streaming.set(id, stop);
  try {
    const made = (place === "protocol" ? protocol : client[place])[method](...(streams ? stoppable(given, stop.signal) : given));
    if (!streams) return tell({ body: (await made) ?? null, ...answer() });
    for await (const { event, data, id: number } of await made) {
      tell({ part: { event, data, id: number }, ...answer() });
    }
    tell(answer());
  } catch (error) {
    if (!error.status) return tell({ id, trouble: String(error) });
    tell({ ...answer(), status: error.status, body: JSON.parse(error.text || "null") });
  }
}
function stoppable(given, signal) {
  const options = typeof given.at(-1) === "object" ? given.pop() : {};
  return [...given, { ...options, signal }];
}

for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  if (told.stop) streaming.get(told.stop).abort();
  else heard.run([], call, told);
}
