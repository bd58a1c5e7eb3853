// The OpenAI SDK against Parley: node openai.mjs URL MODEL, prints one JSON line.
import OpenAI from "openai";

const [url, model] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none-is-asked-for" });
const messages = [{ role: "user", content: "hi there" }];
const whole = await client.chat.completions.create({ model, messages });
const streamed = await client.chat.completions.create({
  model,
  messages,
  stream: true,
  stream_options: { include_usage: true },
});
const pieces = [];
let usage = null;
for await (const chunk of streamed) {
  pieces.push(chunk.choices[0]?.delta?.content ?? "");
  usage = chunk.usage ?? usage;
}
let refused = null;
try {
  await client.chat.completions.create({ model, messages, n: 2 });
} catch (error) {
  refused = [error.status, error.param];
}
console.log(
  JSON.stringify({
    whole: whole.choices[0].message.content,
    pieces: pieces.filter((piece) => piece),
    usage: usage.total_tokens,
    refused,
  }),
);
