// LangGraph's own client: streams a run, and answers what the graph asks. Node 20 or newer.
import { Client } from "@langchain/langgraph-sdk";

const [
  apiUrl = "http://127.0.0.1:2024",
  graph = "planner",
  message = "계약서를 작성해주세요",
] = process.argv.slice(2);
const client = new Client({ apiUrl });
const { thread_id } = await client.threads.create();
let asked = { input: { messages: [{ role: "user", content: message }] } };
let state;
while (asked) {
  const run = client.runs.stream(thread_id, graph, {
    ...asked,
    streamMode: "updates",
  });
  for await (const { event, data } of run)
    if (event === "updates") console.log("…", ...Object.keys(data));
  state = await client.threads.getState(thread_id);
  const questions = state.tasks.flatMap((task) => task.interrupts);
  for (const { value } of questions) console.log("?", value);
  asked = questions.length ? { command: { resume: true } } : undefined;
}
console.log(state.values.messages.at(-1).content);
