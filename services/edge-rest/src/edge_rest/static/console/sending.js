// What a person says in a conversation, over one octo socket that is opened when something is to be said. A frame is
// kept until the log has it, and is sent again over a new socket when the old one was lost; its `message_id`, or the
// id of the question that it answers, makes it one all the same.
import { socketAddress } from "./api.js";

const FIRST_WAIT_MS = 250;
const TRIES = 6;
const NOT_ALLOWED = 1008;

export class Sender {
  #path;
  #told;
  #socket = null;
  #kept = [];
  #tries = 0;
  #timer;
  #graph = "";
  #isClosed = false;

  // `told` has `heard()`, called when the conversation has begun, `refused(reason, frames)`, and `undelivered(frames)`.
  constructor(key, told) {
    this.#path = `/ws/${encodeURIComponent(key)}`;
    this.#told = told;
  }

  send(frame, graph = "") {
    this.#graph ||= graph;
    this.#kept.push(frame);
    this.#tries = 0;
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
    else if (this.#socket?.readyState !== WebSocket.CONNECTING) this.#open();
  }

  // The log has an event: what it was made from need not be kept any longer.
  recorded({ type, data }) {
    if (type === "message.received") this.#drop(({ message_id: id }) => id && id === data.message_id);
    if (type === "message.answered") this.#drop(({ type: kind }) => kind === "human_response");
  }

  close() {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  #drop(isDone) {
    this.#kept = this.#kept.filter((frame) => !isDone(frame));
  }

  #open() {
    clearTimeout(this.#timer);
    const query = this.#graph ? `?graph=${encodeURIComponent(this.#graph)}` : "";
    const socket = (this.#socket = new WebSocket(socketAddress(this.#path + query)));
    socket.onopen = () => this.#kept.forEach((frame) => socket.send(JSON.stringify(frame)));
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.type === "connection") return;
      // What became of a run is an event; so is every frame that the log has. One of these was refused.
      if (frame.type === "error") this.#refused(frame.error);
      else this.#told.heard();
    };
    socket.onclose = ({ code, reason }) => (code === NOT_ALLOWED ? this.#refused(reason) : this.#lost());
  }

  #refused(reason) {
    if (this.#kept.length) this.#told.refused(reason, this.#kept);
    this.#kept = [];
  }

  #lost() {
    if (this.#isClosed || !this.#kept.length) return;
    if (++this.#tries < TRIES) {
      this.#timer = setTimeout(() => this.#open(), FIRST_WAIT_MS * 2 ** this.#tries);
      return;
    }
    this.#told.undelivered(this.#kept);
    this.#kept = [];
  }
}
