// The protocols as somebody who writes a client meets them: where, and what to send first. Pure.
const said = (content) => [{ role: "user", content }];

// `socket` is where a WebSocket opens; `post` is called once for each frame, and `listen` afterwards; `begin` makes a
// session, whose id is the key from then on: a program makes one of its own.
export const CALLS = {
  octo: { page: "protocols/octo.md", socket: (key) => `/ws/${key}`, frame: () => ({ message: "안녕하세요", output_format: "chat" }) },
  agent: {
    page: "protocols/agent.md", socket: (key) => `/chat/${key}`,
    frame: () => ({ type: "client", message: "get all contacts", message_id: crypto.randomUUID().slice(0, 8) }),
  },
  room: {
    page: "protocols/room.md", socket: (key) => `/v3/?room_uid=${key}&user_uid=me`,
    frame: (key) => ({ action: "sendmsg", org_id: "o", room_uid: key, user_id: "me", msg: "안녕 반가워요" }),
  },
  voice: {
    page: "protocols/voice.md", begin: "/api/v1/chat/guest-sessions", socket: (key) => `/api/v1/chat/ws/guest-chat/${key}`,
    frame: () => ({ type: "response.create" }),
  },
  langgraph: {
    page: "protocols/langgraph.md", post: (key) => `/threads/${key}/runs/stream`,
    frame: () => ({ assistant_id: "chat", input: { messages: said("get all contacts") }, stream_mode: ["messages-tuple"], if_not_exists: "create" }),
  },
  openai: { page: "protocols/openai.md", post: () => "/v1/chat/completions", frame: () => ({ model: "planner", messages: said("Who is Mia Tanaka?"), stream: true }) },
  mcp: {
    page: "protocols/mcp.md", post: () => "/mcp", accept: "application/json, text/event-stream",
    frame: () => ({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} }),
  },
  quote: {
    page: "protocols/quote.md", post: () => "/api/chat/send", listen: (key) => `/api/chat/stream?userId=me&threadNum=${key}`,
    frame: (key) => ({ userId: "me", threadNum: key, content: "요즘 일이 너무 힘들어요", timestamp: new Date().toISOString() }),
  },
};

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
// As a literal of Python and of JavaScript; in single quotes where it can be, as JSON is full of the others.
const literal = (text) => (/['\\\n]/.test(text) ? JSON.stringify(text) : `'${text}'`);
const JSON_TYPE = "application/json";

// A frame of a protocol as programs, by what runs them. `at` gives a whole address, with the scheme `http` or `ws`.
export function programs(call, key, frame, at) {
  if (call.begin) return begunPrograms(at(call.begin), at(call.socket("SESSION"), "ws"), frame);
  if (!call.socket) return postPrograms(call, key, frame, at);
  const url = at(call.socket(key), "ws");
  return {
    websockets: ofWebsockets(quoted(url), frame),
    Python: ofPython(literal(url), frame),
    JavaScript: ofJavaScript(literal(url), frame),
  };
}

// curl sends no text frames over a WebSocket; the command of the Python library does.
const ofWebsockets = (address, frame) => `{ echo ${quoted(frame)}; sleep 5; } | .venv/bin/websockets ${address}\n`;

const ofPython = (address, frame, before = "", imports = "") => `${imports}from websockets.sync.client import connect

${before}with connect(${address}) as socket:
    socket.send(${literal(frame)})
    for frame in socket:
        print(frame)
`;

const ofJavaScript = (address, frame, before = "") => `// in a browser, or in Node.js 22 and newer
${before}const socket = new WebSocket(${address});
socket.onopen = () => socket.send(${literal(frame)});
socket.onmessage = ({ data }) => console.log(data);
`;

function begunPrograms(begin, url, frame) {
  const inserted = (name) => url.replace("SESSION", () => name);
  return {
    websockets: `session=$(curl -s -X POST ${quoted(begin)} | sed 's/.*"session_id":"\\([^"]*\\).*/\\1/')
${ofWebsockets(`"${inserted("$session")}"`, frame)}`,
    Python: ofPython(`f"${inserted("{session}")}"`, frame, `session = httpx.post(${literal(begin)}).json()["session_id"]\n`, "import httpx\n"),
    JavaScript: ofJavaScript(`\`${inserted("${session}")}\``, frame,
      `const { session_id: session } = await (await fetch(${literal(begin)}, { method: "POST" })).json();\n`),
  };
}

function postPrograms({ post, listen, accept }, key, frame, at) {
  const [url, text] = [at(post(key)), literal(frame)];
  const after = listen && at(listen(key));
  const kinds = { "Content-Type": JSON_TYPE, ...(accept && { Accept: accept }) };
  const heads = Object.entries(kinds).map(([name, value]) => ` -H ${quoted(`${name}: ${value}`)}`).join("");
  return {
    curl: `curl -sN ${quoted(url)}${heads} -d ${quoted(frame)}\n${after ? `curl -sN ${quoted(after)}\n` : ""}`,
    Python: `import httpx

calls = [("POST", ${JSON.stringify(url)}, ${text})${after ? `, ("GET", ${JSON.stringify(after)}, None)` : ""}]
for method, url, body in calls:
    with httpx.stream(method, url, content=body, headers=${JSON.stringify(kinds)}, timeout=60) as answer:
        for line in answer.iter_lines():
            print(line)
`,
    JavaScript: `const calls = [["POST", ${JSON.stringify(url)}, ${text}]${after ? `, ["GET", ${JSON.stringify(after)}]` : ""}];
for (const [method, url, body] of calls) {
  const answer = await fetch(url, { method, body, headers: ${JSON.stringify(kinds)} });
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) console.log(piece);
}
`,
  };
}
