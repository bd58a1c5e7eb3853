// Agent: sends one message and shows the steps of its answer. A third argument names the graph that answers.
// Node 22 and browsers have WebSocket; Node 20 takes it from the package `ws`.
import { randomUUID } from "node:crypto";

const WebSocket = globalThis.WebSocket ?? (await import("ws")).default;
const [
  base = "http://127.0.0.1:8000",
  message = "get all contacts",
  graph = "",
] = process.argv.slice(2);
const chosen = graph && `?graph=${encodeURIComponent(graph)}`;
const socket = new WebSocket(
  `${base.replace("http", "ws")}/chat/${randomUUID()}${chosen}`,
);

socket.onopen = () =>
  socket.send(JSON.stringify({ type: "client", message, message_id: "m1" }));
socket.onmessage = ({ data }) => {
  const frame = JSON.parse(data);
  if (frame.type === "agent_step")
    console.log(`${frame.step_type}: ${frame.message}`);
  if (frame.type === "agent_error") {
    console.error(frame.error);
    process.exitCode = 1;
  }
  if (frame.type !== "agent_step") socket.close();
};
