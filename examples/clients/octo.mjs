// Octo: asks for a contract, changes the amount when it is asked to agree, and shows the answer.
// Node 22 and browsers have WebSocket; Node 20 takes it from the package `ws`.
import { randomUUID } from "node:crypto";

const WebSocket = globalThis.WebSocket ?? (await import("ws")).default;
const base = process.argv[2] ?? "http://127.0.0.1:8000";
const socket = new WebSocket(
  `${base.replace("http", "ws")}/ws/${randomUUID()}`,
);
const send = (frame) => socket.send(JSON.stringify(frame));

socket.onopen = () => send({ message: "계약서를 작성해주세요" });
socket.onmessage = ({ data }) => {
  const frame = JSON.parse(data);
  if (frame.event === "on_chain_start") console.log("…", frame.node);
  if (frame.type === "hitl_request") {
    console.log("?", frame.message);
    send({
      type: "human_response",
      response: "계약 금액을 1000만원으로 수정해주세요",
    });
  }
  if (frame.type === "final") {
    console.log(frame.content);
    socket.close();
  }
  if (frame.type === "error") {
    console.error(frame.error);
    process.exitCode = 1;
    socket.close();
  }
};
