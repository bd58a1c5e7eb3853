// What the JavaScript SDK sees of a run: node sdk.mjs URL GRAPH, prints one JSON line.
import { Client } from "@langchain/langgraph-sdk";

const [url, graph] = process.argv.slice(2);
const client = new Client({ apiUrl: url });
const thread = await client.threads.create();
const said = [];
let created;
for await (const part of client.runs.stream(thread.thread_id, graph, {
  input: { messages: [{ type: "human", content: "weather in Oslo", id: "h1" }] },
  streamMode: ["values", "messages-tuple", "updates", "custom"],
  streamResumable: true,
  onRunCreated: (run) => (created = run),
})) {
  said.push(part.event);
}
const state = await client.threads.getState(thread.thread_id);
const history = await client.threads.getHistory(thread.thread_id);
const joined = [];
for await (const part of client.runs.joinStream(thread.thread_id, created.run_id, { lastEventId: "-1" })) {
  joined.push(part.event);
}
const found = await client.assistants.search({ graphId: graph });
console.log(
  JSON.stringify({
    events: said,
    joined,
    created,
    messages: state.values.messages.map((message) => message.content),
    history: history.length,
    assistant: found[0].name,
  }),
);
