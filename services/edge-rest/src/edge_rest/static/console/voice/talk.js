// A talk over the voice protocol: the microphone goes out, speech and captions come in.
const RATE = 24000; // of the protocol: PCM16 little-endian, mono
const LOOK_MS = 50;
const REPORT_MS = 200;
const NORMAL = 1000;

export class Talk {
  #join;
  #page;
  #socket;
  #audio;
  #microphone;
  #looking;
  #reporting;
  #isSpeaking = false;
  #player;

  // `join` makes a session and gives the address of its WebSocket. `page` has the functions state, level, caption,
  // report and closed. Levels go from 0 to 1.
  constructor(join, page) {
    this.#join = join;
    this.#page = page;
  }

  // Makes a session, connects to it and opens the microphone.
  async begin() {
    this.#page.state("connecting");
    const address = await this.#join();
    this.#audio = new AudioContext({ sampleRate: RATE });
    this.#player = new Player(this.#audio);
    await this.#audio.audioWorklet.addModule(new URL("microphone.js", import.meta.url));
    await this.#connect(address);
    await this.#listen();
    this.#reporting = setInterval(() => this.#reportPlayback(), REPORT_MS);
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
    this.#page.state("listening");
  }

  // Asks for the report; the server closes after it.
  end() {
    this.#send({ type: "disconnect" });
  }

  speakAs(voice) {
    this.#send({ type: "session.update", config: { voice } });
  }

  // Gives the microphone and the sound back; `code` is that of the WebSocket, where it has closed.
  async close(code) {
    clearInterval(this.#reporting);
    clearInterval(this.#looking);
    this.#microphone?.getTracks().forEach((track) => track.stop());
    this.#socket?.close();
    if (this.#audio?.state !== "closed") await this.#audio?.close();
    this.#page.closed(code);
  }

  async #connect(address) {
    this.#socket = new WebSocket(address);
    await new Promise((opened, failed) => {
      this.#socket.onopen = opened;
      this.#socket.onerror = () => failed(new Error("no connection"));
    });
    this.#socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    this.#socket.onclose = ({ code, reason }) => {
      if (code !== NORMAL) this.#page.caption("error", reason || `${code}`);
      this.close(code);
    };
  }

  async #listen() {
    // Without echo cancellation the AI would hear itself and stop; the rest only changes the voice, and what
    // recognizes it has not heard such voices.
    const wanted = { channelCount: 1, echoCancellation: true, noiseSuppression: false, autoGainControl: false };
    this.#microphone = await navigator.mediaDevices.getUserMedia({ audio: wanted });
    const frames = new AudioWorkletNode(this.#audio, "microphone", { numberOfOutputs: 0 });
    frames.port.onmessage = ({ data }) => {
      this.#page.level("microphone", loudness(new Int16Array(data), 32768));
      this.#send({ type: "input_audio_buffer.append", audio: toBase64(new Uint8Array(data)) });
    };
    this.#audio.createMediaStreamSource(this.#microphone).connect(frames);
  }

  #send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #take(frame) {
    switch (frame.type) {
      case "audio.delta":
        return this.#player.play(fromBase64(frame.delta));
      case "audio.done":
        return this.#player.endReply();
      case "speech.started":
        this.#player.stop();
        this.#isSpeaking = false;
        return this.#page.state("hearing");
      case "speech.stopped":
        return this.#page.state("thinking");
      case "user.transcript":
        return this.#page.caption("user", frame.transcript);
      case "transcript.done":
        return this.#page.caption("ai", frame.transcript);
      case "error":
        return this.#page.caption("error", frame.message);
      case "disconnected":
        return this.#page.report(frame.report);
    }
  }

  // Speech is received sooner than it is heard: what is shown goes by what is heard.
  #look() {
    this.#page.level("speech", this.#player.level());
    const was = this.#isSpeaking;
    this.#isSpeaking = this.#player.isPlaying();
    if (this.#isSpeaking && !was) this.#page.state("speaking");
    if (was && !this.#isSpeaking) this.#page.state("listening");
  }

  #reportPlayback() {
    const position = this.#player.positionMs();
    if (position !== null) this.#send({ type: "playback", audio_end_ms: position });
  }
}

// Plays one reply after the other, each in pieces that follow without a gap.
class Player {
  #audio;
  #out;
  #heard;
  #pieces = [];
  #replyMs = 0;
  #ended = true;

  constructor(audio) {
    this.#audio = audio;
    this.#out = new AnalyserNode(audio, { fftSize: 1024 });
    this.#out.connect(audio.destination);
    this.#heard = new Float32Array(this.#out.fftSize);
  }

  isPlaying() {
    const last = this.#pieces.at(-1);
    return Boolean(last && last.start + last.seconds > this.#audio.currentTime);
  }

  level() {
    this.#out.getFloatTimeDomainData(this.#heard);
    return loudness(this.#heard, 1);
  }

  play(samples) {
    if (this.#ended) {
      this.#pieces = this.#pieces.filter(({ start, seconds }) => start + seconds > this.#audio.currentTime);
      this.#replyMs = 0;
      this.#ended = false;
    }
    const buffer = this.#audio.createBuffer(1, samples.length, RATE);
    buffer.copyToChannel(samples, 0);
    const source = this.#audio.createBufferSource();
    source.buffer = buffer;
    source.connect(this.#out);
    const last = this.#pieces.at(-1);
    const start = Math.max(this.#audio.currentTime, last ? last.start + last.seconds : 0);
    source.start(start);
    this.#pieces.push({ source, start, seconds: buffer.duration, offsetMs: this.#replyMs });
    this.#replyMs += buffer.duration * 1000;
  }

  endReply() {
    this.#ended = true;
  }

  // Falls silent at once: the user speaks.
  stop() {
    this.#pieces.forEach(({ source }) => source.stop());
    this.#pieces = [];
  }

  // How far the present reply has been played; null between replies.
  positionMs() {
    if (this.#ended) return null;
    const now = this.#audio.currentTime;
    const begun = this.#pieces.filter(({ start }) => start <= now).at(-1);
    return begun ? Math.round(begun.offsetMs + Math.min(now - begun.start, begun.seconds) * 1000) : null;
  }
}

// The root mean square of samples, of which `full` is the largest.
function loudness(samples, full) {
  return Math.sqrt(samples.reduce((sum, sample) => sum + (sample / full) ** 2, 0) / (samples.length || 1));
}

function toBase64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return Float32Array.from(new Int16Array(bytes.buffer), (sample) => sample / 32768);
}
