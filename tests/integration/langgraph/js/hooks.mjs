// A page with one of the two useStream hooks: node hooks.mjs URL GRAPH legacy|current WORDS...
// Submits each text when the one before is done, and prints one JSON line. "resume:TEXT" answers a question,
// "stop:TEXT" submits and stops in the middle, "reload:TEXT" submits and opens the page anew in the middle.
import { JSDOM } from "jsdom";

const dom = new JSDOM("<div id=root></div>", { url: "http://localhost:3000" });
globalThis.window = dom.window;
globalThis.document = dom.window.document;
globalThis.navigator = dom.window.navigator;
globalThis.sessionStorage = dom.window.sessionStorage;
globalThis.IS_REACT_ACT_ENVIRONMENT = false;

const [url, graph, kind, ...texts] = process.argv.slice(2);
const { createElement, useEffect } = await import("react");
const { createRoot } = await import("react-dom/client");
const { useStream } = await import(kind === "legacy" ? "@langchain/langgraph-sdk/react" : "@langchain/react");

let stream;
let threadId = null;
let reopened = null;
function Page() {
  stream = useStream({
    apiUrl: url,
    assistantId: graph,
    fetchStateHistory: true,
    reconnectOnMount: true,
    ...(reopened ? { threadId: reopened } : {}),
    onThreadId: (id) => (threadId = id),
  });
  useEffect(() => {});
  return null;
}

const seen = new Set();
async function until(what, test) {
  for (let tried = 0; tried < 5000; tried++) {
    if (stream?.messages) seen.add(stream.messages.map(text).join("|"));
    if (stream && test()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`timed out waiting for ${what}`);
}
const text = (message) =>
  typeof message.content === "string"
    ? message.content
    : message.content.map((block) => block.text ?? "").join("");

let root;
async function open() {
  stream = undefined;
  root = createRoot(document.getElementById("root"));
  root.render(createElement(Page));
  await until("the hook", () => true);
}
await open();
for (const said of texts) {
  const [verb, ...rest] = said.split(":");
  const before = JSON.stringify(stream.values);
  if (verb === "resume") {
    await until("a question", () => stream.interrupt);
    if (kind === "legacy") stream.submit(undefined, { command: { resume: rest.join(":") } });
    else await stream.respond(rest.join(":"));
  } else if (verb === "stop" || verb === "reload") {
    stream.submit({ messages: [{ type: "human", content: rest.join(":") }] });
    await until("some words", () => text(stream.messages.at(-1) ?? { content: "" }).startsWith("w0 w1"));
    if (verb === "stop") await stream.stop();
    else {
      root.unmount();
      reopened = threadId;
      await open();
      await until("the run", () => stream.isLoading || stream.messages.length > 1);
    }
  } else if (verb === "text") {
    stream.submit({ text: rest.join(":") });
  } else {
    stream.submit({ messages: [{ type: "human", content: said }] });
  }
  let settled = 0; // a short run may begin and end between two looks
  await until("the end of the run", () => {
    const done = !stream.isLoading && (stream.error || JSON.stringify(stream.values) !== before);
    settled = done ? settled + 1 : 0;
    return settled > 50;
  });
}
console.log(
  JSON.stringify({
    threadId,
    error: stream.error ? String(stream.error.message ?? stream.error) : null,
    values: stream.values,
    messages: (stream.messages ?? []).map((message) => [message.type ?? message.getType?.(), text(message)]),
    interrupt: stream.interrupt?.value ?? null,
    steps: seen.size,
  }),
);
root.unmount();
process.exit(0);
