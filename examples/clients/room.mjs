// Room: takes a new room, says something in it and prints the answer token by token.
// Node 22 and browsers have WebSocket; Node 20 takes it from the package `ws`.
const WebSocket = globalThis.WebSocket ?? (await import("ws")).default;
const base = process.argv[2] ?? "http://127.0.0.1:8000";
const { room_uid } = await (await fetch(`${base}/v3/room/uid/`)).json();
const query = new URLSearchParams({ room_uid, user_uid: "kim" });
const socket = new WebSocket(`${base.replace("http", "ws")}/v3/?${query}`);

socket.onopen = () =>
  socket.send(
    JSON.stringify({
      action: "sendmsg",
      room_uid,
      user_id: "kim",
      msg: "안녕 반가워요",
    }),
  );
socket.onmessage = ({ data }) => {
  const frame = JSON.parse(data);
  const isRoot = frame.parent_ids?.length === 0;
  if (frame.event === "on_chat_model_stream")
    process.stdout.write(frame.data.chunk.content);
  const failed = (isRoot && frame.data.error) || frame.message;
  if (failed) {
    console.error(failed);
    process.exitCode = 1;
  }
  if (failed || (isRoot && frame.event === "on_chain_end")) {
    process.stdout.write("\n");
    socket.close();
  }
};
