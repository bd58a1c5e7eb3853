// Quote: a talk of four messages, each reply streamed; the fourth brings the quotation. Node 20 or newer.
// A browser reads the stream with EventSource instead, which comes back by itself after a lost connection.
import { randomUUID } from "node:crypto";

const base = `${process.argv[2] ?? "http://127.0.0.1:8000"}/api/chat`;
const name = { userId: randomUUID(), threadNum: "1" };
const messages = [
  "요즘 일이 너무 힘들어요",
  "쉬어도 피곤해요",
  "그냥 지쳤어요",
  "응원이 필요해요",
];

for (const content of messages) {
  const sent = await fetch(`${base}/send`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      ...name,
      content,
      timestamp: new Date().toISOString(),
    }),
  });
  if (!sent.ok) throw new Error(await sent.text());
  const stream = await fetch(`${base}/stream?${new URLSearchParams(name)}`);
  let rest = "";
  for await (const piece of stream.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop();
    lines
      .filter((line) => line.startsWith("data:"))
      .forEach((line) => show(JSON.parse(line.slice(5))));
  }
}

function show({ type, data }) {
  if (type === "content") process.stdout.write(data);
  if (type === "quote") process.stdout.write(`\n“${data.text}” — ${data.author}`);
  if (type === "complete") process.stdout.write("\n");
}
