// What a conversation looks like, folded from its events and the deltas of replies in the making. Pure.

export const EMPTY = Object.freeze({ started: null, turns: [], runs: {}, early: [], deleted: false });

const TEXT_DELTAS = new Set(["token", "content", "on_chat_model_stream"]);

// The view after one more event. A turn is what a person said, or a run that answers.
export function fold(view, event) {
  const after = folded(view, event);
  const was = after.runs[event.data.run_id];
  return was ? put(after, { ...was, appends: was.appends + 1, bytes: was.bytes + JSON.stringify(event.data).length }) : after;
}

function folded(view, event) {
  const { type, data, sequence, occurred_at: at, id } = event;
  switch (type) {
    case "conversation.started":
      return { ...EMPTY, started: { ...data, at, sequence } };
    case "conversation.deleted":
      return { ...view, deleted: true };
    case "message.received":
      return said(view, { id, sequence, at, text: data.text, by: data.user_id, protocol: data.protocol });
    case "message.run_requested":
      return said(view, { id, sequence, at, text: requested(data), protocol: data.protocol ?? "langgraph" });
    case "message.answered":
      return said(closed(view), { id, sequence, at, text: answered(data), protocol: data.protocol, isAnswer: true });
    case "voice.user_spoke":
      return data.transcript ? said(view, { id, sequence, at, text: data.transcript, protocol: "voice" }) : view;
    case "voice.reply_spoken":
      return data.run_id || !data.generated
        ? view
        : { ...view, turns: [...view.turns, { kind: "spoken", id, sequence, at, text: data.generated }] };
    case "run.started":
      return hearEarly(
        run(view, data.run_id, sequence, at, (was) => ({
          ...was, status: "running", attempt: data.attempt ?? 1, heard: 0, graph: data.graph, startedAt: at, text: "", running: [],
        })),
        data.run_id,
      );
    case "run.node_completed":
      return run(view, data.run_id, sequence, at, (was) => ({
        ...was,
        nodes: [...was.nodes, { node: data.node, step: data.step, at, since: was.lastAt ?? was.startedAt ?? at }],
        steps: [...was.steps, ...(data.steps ?? []).map((step) => ({ ...step, node: data.node, at }))],
        lastAt: at, running: was.running.filter((node) => node !== data.node),
      }));
    case "run.tool_called":
      return run(view, data.run_id, sequence, at, (was) => ({
        ...was, tools: { ...was.tools, [data.call_id]: { name: data.tool, arguments: data.arguments, at } },
      }));
    case "run.tool_returned":
      return run(view, data.run_id, sequence, at, (was) => ({
        ...was,
        tools: { ...was.tools, [data.call_id]: { ...was.tools[data.call_id], result: data.result, error: data.error, endedAt: at } },
      }));
    case "run.interrupted":
      return run(view, data.run_id, sequence, at, (was) => ({
        ...ended(was, "asking", at), questions: questionsOf(data), text: "",
      }));
    case "run.metered":
      return run(view, data.run_id, sequence, at, (was) => ({ ...was, usage: data.usage }));
    case "run.completed":
      return run(view, data.run_id, sequence, at, (was) => ({
        ...ended(was, "done", at), text: data.text, output: data.output, format: data.output_format,
      }));
    case "run.failed":
      return run(view, data.run_id, sequence, at, (was) => ({ ...ended(was, "failed", at), error: data.error }));
    case "run.cancelled":
      return run(view, data.run_id, sequence, at, (was) => ended(was, "cancelled", at));
    default:
      return view;
  }
}

// The view after a delta. Every connection begins with the deltas that are still kept, so one that was heard before
// says nothing, nor does one of an attempt that is over; one that comes before its run does is kept for it.
export function hear(view, delta) {
  const was = view.runs[delta.run_id];
  if (!was || was.status === "waiting" || (was.status === "running" && delta.attempt > was.attempt))
    return { ...view, early: [...view.early, delta] };
  if (was.status !== "running" || delta.attempt < was.attempt || delta.index < was.heard) return view;
  const now = { ...was, heard: delta.index + 1 };
  if (delta.kind === "node_started") {
    const { node, step } = delta.data;
    const isOver = was.nodes.some((each) => each.node === node && each.step >= step);
    return put(view, isOver ? now : { ...now, running: [...was.running, node] });
  }
  return put(view, TEXT_DELTAS.has(delta.kind) ? { ...now, text: was.text + textOf(delta.data) } : now);
}

function hearEarly(view, id) {
  const isOf = ({ run_id: each }) => each === id;
  return view.early.filter(isOf).reduce(hear, { ...view, early: view.early.filter((delta) => !isOf(delta)) });
}

export function isBusy(view) {
  return Object.values(view.runs).some(({ status }) => status === "running" || status === "waiting");
}

export function openQuestions(view) {
  const last = view.turns.at(-1);
  const asked = last?.kind === "run" ? view.runs[last.id] : null;
  return asked?.status === "asking" ? asked.questions : [];
}

// The questions of a run, each with its own id and whatever value the graph gave.
function questionsOf(data) {
  if (data.questions?.length) return data.questions;
  return [{ interrupt_id: data.interrupt_id, question: data.question, value: data.context }];
}

function said(view, turn) {
  const turns = [...view.turns, { kind: "said", ...turn }];
  return { ...view, turns };
}

function closed(view) {
  const last = view.turns.at(-1);
  return last?.kind === "run" && view.runs[last.id]?.status === "asking"
    ? put(view, { ...view.runs[last.id], status: "answered" })
    : view;
}

function run(view, id, sequence, at, change) {
  const was = view.runs[id] ?? {
    id, sequence, at, status: "waiting", attempt: 1, text: "", steps: [], nodes: [], running: [], tools: {}, questions: [], usage: [], appends: 0, bytes: 0,
  };
  const turns = view.runs[id] ? view.turns : [...view.turns, { kind: "run", id, sequence }];
  return put({ ...view, turns }, change(was));
}

function put(view, run) {
  return { ...view, runs: { ...view.runs, [run.id]: run } };
}

function ended(was, status, at) {
  return { ...was, status, endedAt: at, running: [] };
}

// What runs took: tokens of the models that tell them, events and bytes of the log.
export function costOf(runs) {
  const models = new Map();
  for (const { model, calls, input_tokens: given, output_tokens: made } of runs.flatMap(({ usage }) => usage)) {
    const was = models.get(model) ?? { model, calls: 0, given: 0, made: 0 };
    models.set(model, { model, calls: was.calls + calls, given: was.given + given, made: was.made + made });
  }
  const sum = (name) => runs.reduce((total, each) => total + each[name], 0);
  return { models: [...models.values()], appends: sum("appends"), bytes: sum("bytes") };
}

function textOf(data) {
  if (typeof data === "string") return data;
  const content = data?.chunk?.content ?? data?.data?.chunk?.content ?? data?.content ?? data?.text;
  if (typeof content === "string") return content;
  return Array.isArray(content) ? content.map((part) => part.text ?? "").join("") : "";
}

function answered(data) {
  if (data.response !== null && data.response !== undefined) {
    return typeof data.response === "string" ? data.response : JSON.stringify(data.response);
  }
  return data.approve === false ? "✕" : "✓";
}

function requested(data) {
  const input = data.input ?? data.command ?? null;
  const messages = input?.messages;
  const last = Array.isArray(messages) ? messages.at(-1) : null;
  const content = typeof last === "string" ? last : last?.content;
  return typeof content === "string" ? content : JSON.stringify(input);
}

export function milliseconds(from, to) {
  return from && to ? Math.max(0, new Date(to) - new Date(from)) : null;
}
