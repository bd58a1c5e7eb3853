// Holds a whole four-stage talk in a real browser, on a page of another origin than the server's.
// Arguments: Chromium, the page's address, the server's address, the user, then what to say as JSON.
// Prints one JSON object: the replies as one EventSource received them, and as they were polled.
import { chromium } from "playwright-core";

const [program, page, server, user, said] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: program,
  args: ["--no-sandbox"],
});
try {
  const tab = await browser.newPage();
  await tab.goto(page);
  const outcome = await tab.evaluate(talk, {
    server,
    user,
    said: JSON.parse(said),
  });
  console.log(JSON.stringify(outcome));
} finally {
  await browser.close();
}

async function talk({ server, user, said }) {
  const name = new URLSearchParams({ userId: user, threadNum: "1" });
  const send = async (content, number) => {
    const answer = await fetch(`${server}/api/chat/send`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        ...Object.fromEntries(name),
        content,
        timestamp: `2024-01-15T10:30:0${number}.000Z`,
      }),
    });
    return answer.json();
  };
  const polled = async () => {
    for (;;) {
      const status = await (
        await fetch(`${server}/api/chat/status?${name}`)
      ).json();
      if (status.status !== "pending") return status;
    }
  };

  const replies = [{ content: "", quote: null }];
  let heard;
  const listen = () => {
    const source = new EventSource(`${server}/api/chat/stream?${name}`);
    source.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      const reply = replies.at(-1);
      if (event.type === "content") reply.content += event.data;
      if (event.type === "quote") reply.quote = event.data;
      if (event.type === "complete") {
        replies.push({ content: "", quote: null });
        heard();
      }
    };
    return source;
  };

  let source;
  const statuses = [];
  for (const [number, content] of said.entries()) {
    const whole = new Promise((resolve) => (heard = resolve));
    await send(content, number);
    source ??= listen();
    await whole;
    statuses.push(await polled());
  }
  source.close();
  return { origin: location.origin, replies: replies.slice(0, -1), statuses };
}
