// Voice: says what is in a WAV file (PCM16, mono, 24 kHz) and writes the spoken reply as PCM16 to another file.
// Node 22 and browsers have WebSocket; Node 20 takes it from the package `ws`.
import { readFileSync, writeFileSync } from "node:fs";

const RATE = 24_000;
const FRAME_BYTES = (RATE * 2) / 25;
const WAV_HEADER_BYTES = 44;

const WebSocket = globalThis.WebSocket ?? (await import("ws")).default;
const [question, reply, base = "http://127.0.0.1:8000"] = process.argv.slice(2);
const audio = readFileSync(question).subarray(WAV_HEADER_BYTES);
const created = await fetch(`${base}/api/v1/chat/guest-sessions`, {
  method: "POST",
});
const { session_id } = await created.json();
const socket = new WebSocket(
  `${base.replace("http", "ws")}/api/v1/chat/ws/guest-chat/${session_id}`,
);
const send = (frame) => socket.send(JSON.stringify(frame));
const heard = [];
const missing = new Set(["audio.done", "transcript.done"]);

socket.onopen = () => {
  for (let start = 0; start < audio.length; start += FRAME_BYTES) {
    const piece = audio.subarray(start, start + FRAME_BYTES);
    send({
      type: "input_audio_buffer.append",
      audio: piece.toString("base64"),
    });
  }
  send({ type: "input_audio_buffer.commit" });
};
socket.onmessage = ({ data }) => {
  const frame = JSON.parse(data);
  if (frame.type === "audio.delta")
    heard.push(Buffer.from(frame.delta, "base64"));
  if (frame.type === "user.transcript") console.log("you:", frame.transcript);
  if (frame.type === "transcript.done") console.log("it: ", frame.transcript);
  if (frame.type === "error") {
    console.error(frame.message);
    process.exitCode = 1;
    socket.close();
  }
  if (frame.type === "disconnected")
    console.log("report:", JSON.stringify(frame.report));
  if (missing.delete(frame.type) && missing.size === 0)
    send({ type: "disconnect" });
};
socket.onclose = () => writeFileSync(reply, Buffer.concat(heard));
