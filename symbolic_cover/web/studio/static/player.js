// One playhead, in seconds of the song: the recording, its melody as a simple tone, or a cover; and clicks.
import { secAt, tickAt } from "./places.js";

// The song is kept at -23 LUFS, covers at -16.
const COVER_GAIN = 10 ** (-7 / 20);
const AHEAD_SEC = 0.15;

export class Player {
  constructor(changed) {
    this.changed = changed;
    this.media = { song: new Audio(), cover: new Audio() };
    this.mode = "song";
    this.rate = 1;
    this.clicks = false;
    this.loop = null;
    this.sheet = null;
    this.cover = null;
    this.playing = false;
    this.at = 0;
    for (const sound of Object.values(this.media)) {
      sound.preload = "auto";
      sound.preservesPitch = true;
      sound.addEventListener("ended", () => this.pause());
      sound.addEventListener("error", () => { if (sound.src) this.pause(); });
    }
  }

  load(songUrl, sheet) {
    if (!this.media.song.src.endsWith(songUrl ?? "nothing")) {
      if (songUrl) this.media.song.src = songUrl;
      else this.media.song.removeAttribute("src");
    }
    this.sheet = sheet;
  }

  setCover(url, offset, tempo) {
    const position = this.position();
    this.cover = url ? { offset, tempo } : null;
    if (!this.media.cover.src.endsWith(url ?? "nothing") && url) this.media.cover.src = url;
    if (this.playing && this.mode === "cover") this.start(position);
  }

  has(mode) {
    return mode === "melody" ? Boolean(this.sheet) : mode === "cover" ? Boolean(this.cover) : Boolean(this.media.song.getAttribute("src"));
  }

  element() {
    return this.mode === "melody" ? null : this.media[this.mode];
  }

  toSong(sec) {
    return this.mode === "cover" ? (sec + this.cover.offset) * this.cover.tempo : sec;
  }

  toElement(sec) {
    return this.mode === "cover" ? Math.max(sec / this.cover.tempo - this.cover.offset, 0) : Math.max(sec, 0);
  }

  position() {
    if (!this.playing) return this.at;
    const element = this.element();
    if (element) return this.toSong(element.currentTime);
    return this.began + (this.context.currentTime - this.beganAt) * this.rate;
  }

  setMode(mode) {
    if (!this.has(mode)) return false;
    const position = this.position();
    const playing = this.playing;
    this.stop();
    this.mode = mode;
    this.at = position;
    if (playing) this.start(position);
    this.changed();
    return true;
  }

  seek(sec) {
    this.at = Math.max(sec, 0);
    if (this.playing) this.start(this.at);
    this.changed();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.start(this.loop && (this.at < this.loop[0] || this.at >= this.loop[1]) ? this.loop[0] : this.at);
  }

  start(sec) {
    this.context ??= new AudioContext();
    this.context.resume();
    if (!this.gain) {
      this.gain = this.context.createGain();
      this.gain.connect(this.context.destination);
    }
    this.stop();
    if (!this.has(this.mode)) this.mode = "melody";
    this.playing = true;
    this.began = sec;
    this.beganAt = this.context.currentTime;
    this.told = sec;
    const element = this.element();
    if (element) {
      element.currentTime = this.toElement(sec);
      element.playbackRate = this.rate;
      element.volume = this.mode === "cover" ? COVER_GAIN : 1;
      element.play().catch(() => this.pause());
    }
    this.timer = setInterval(() => this.tick(), 40);
    this.changed();
  }

  stop() {
    this.at = this.position();
    clearInterval(this.timer);
    for (const sound of Object.values(this.media)) sound.pause();
    for (const voice of this.voices ?? []) {
      try { voice.stop(); } catch { /* it has ended */ }
    }
    this.voices = [];
    this.playing = false;
  }

  pause() {
    this.stop();
    this.changed();
  }

  tick() {
    const position = this.position();
    if (this.loop && position >= this.loop[1]) return this.start(this.loop[0]);
    if (!this.element() && position > secAt(this.sheet, this.sheet.bars.at(-1)[1])) return this.pause();
    const until = position + AHEAD_SEC * this.rate;
    const from = Math.max(this.told, position - 0.01);
    const [first, last] = [tickAt(this.sheet, from), tickAt(this.sheet, until)];
    const when = (tick) => this.context.currentTime + Math.max((secAt(this.sheet, tick) - position) / this.rate, 0);
    if (this.mode === "melody") {
      for (const [tick, length, pitch] of this.sheet.melody)
        if (tick >= first && tick < last) this.sound(when(tick), (secAt(this.sheet, tick + length) - secAt(this.sheet, tick)) / this.rate, pitch, "triangle", 0.25);
    }
    if (this.clicks) {
      const starts = new Set(this.sheet.bars.map(([start]) => start));
      for (const tick of this.sheet.beats)
        if (tick >= first && tick < last) this.sound(when(tick), 0.04, starts.has(tick) ? 93 : 86, "square", 0.12);
    }
    this.told = until;
  }

  sound(when, length, pitch, shape, loud) {
    const voice = this.context.createOscillator();
    const level = this.context.createGain();
    voice.type = shape;
    voice.frequency.value = 440 * 2 ** ((pitch - 69) / 12);
    level.gain.setValueAtTime(0, when);
    level.gain.linearRampToValueAtTime(loud, when + 0.01);
    level.gain.setTargetAtTime(0, when + Math.max(length - 0.04, 0.02), 0.03);
    voice.connect(level).connect(this.gain);
    voice.start(when);
    voice.stop(when + length + 0.2);
    this.voices.push(voice);
    voice.onended = () => { this.voices = this.voices.filter((one) => one !== voice); };
  }
}
