// The song sheet drawn over the recording's waveform, and what mouse and pen do to it.
import { barAt, beatAt, beatEnd, fraction, pitchName, placeOf, secAt, snapped, tickAt } from "./places.js";

const ROWS = { ruler: [0, 24], wave: [24, 84], beats: [84, 100], chords: [100, 126], roll: [126, 318], words: [318, 344] };
const HEIGHT = 344;
const EDGE_PX = 7;

export class Timeline {
  constructor(box, acts) {
    this.box = box;
    this.acts = acts;
    this.canvas = box.querySelector("canvas");
    this.length = box.querySelector("#length");
    this.zoom = 60;
    this.peaks = null;
    this.selected = { from: 0, to: 0, note: -1 };
    this.head = 0;
    this.drag = null;
    box.addEventListener("scroll", () => this.draw());
    new ResizeObserver(() => this.resize()).observe(box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    this.canvas.addEventListener("pointerdown", (event) => this.down(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    this.canvas.addEventListener("pointerup", (event) => this.up(event));
    this.canvas.addEventListener("pointercancel", () => { this.drag = null; this.draw(); });
    this.canvas.addEventListener("dblclick", (event) => this.double(event));
  }

  show(view) {
    this.sheet = view.sheet;
    this.locked = new Set(view.locked);
    const pitches = [...this.sheet.melody, ...this.sheet.texture, ...this.sheet.bass].map(([, , pitch]) => pitch).sort((a, b) => a - b);
    const melody = this.sheet.melody.map(([, , pitch]) => pitch);
    this.low = Math.min(...melody, pitches[Math.floor(pitches.length * 0.1)] ?? 60, 60) - 3;
    this.high = Math.max(...melody, 72) + 3;
    this.end = secAt(this.sheet, this.sheet.bars.at(-1)[1]);
    this.origin = Math.min(0, secAt(this.sheet, 0)) - 0.1; // the first bar may begin before the recording
    this.resize();
  }

  resize() {
    if (!this.sheet) return;
    const scale = window.devicePixelRatio || 1;
    this.width = this.box.clientWidth;
    Object.assign(this.canvas, { width: this.width * scale, height: HEIGHT * scale });
    this.canvas.style.width = `${this.width}px`;
    this.length.style.width = `${Math.ceil((this.end + 1 - this.origin) * this.zoom)}px`;
    this.draw();
  }

  setZoom(factor) {
    const middle = (this.box.scrollLeft + this.width / 2) / this.zoom;
    this.zoom = Math.min(Math.max(this.zoom * factor, 8), 300);
    this.resize();
    this.box.scrollLeft = middle * this.zoom - this.width / 2;
  }

  x(tick) { return this.xOf(secAt(this.sheet, tick)); }
  xOf(sec) { return (sec - this.origin) * this.zoom - this.box.scrollLeft; }
  secOf(x) { return (x + this.box.scrollLeft) / this.zoom + this.origin; }
  y(pitch) {
    const [top, bottom] = ROWS.roll;
    return bottom - ((pitch - this.low) / (this.high - this.low)) * (bottom - top);
  }
  pitchOf(y) {
    const [top, bottom] = ROWS.roll;
    return Math.round(this.low + ((bottom - y) / (bottom - top)) * (this.high - this.low) - 0.3);
  }

  reveal(tick) {
    const x = this.x(tick) + this.box.scrollLeft;
    if (x < this.box.scrollLeft + 30 || x > this.box.scrollLeft + this.width - 60) this.box.scrollLeft = x - this.width / 3;
    this.draw();
  }

  follow(sec, playing) {
    this.head = sec;
    const x = this.sheet ? this.xOf(sec) : 0;
    if (playing && !this.drag && (x > this.width * 0.9 || x < 0)) this.box.scrollLeft += x - this.width * 0.1;
    this.draw();
  }

  draw() {
    if (!this.sheet || this.asked) return;
    this.asked = requestAnimationFrame(() => { this.asked = 0; this.paint(); });
  }

  paint() {
    const { sheet } = this;
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`);
    const g = this.canvas.getContext("2d");
    const scale = window.devicePixelRatio || 1;
    g.setTransform(scale, 0, 0, scale, 0, 0);
    g.clearRect(0, 0, this.width, HEIGHT);
    g.font = "13px Georgia, serif";
    g.textBaseline = "middle";
    const [firstTick, lastTick] = [tickAt(sheet, this.secOf(0)) - 200, tickAt(sheet, this.secOf(this.width))];
    const seen = ([start, length]) => start + length >= firstTick && start <= lastTick;
    const block = (from, to, top, bottom, fill) => {
      g.fillStyle = fill;
      const x = this.x(from);
      g.fillRect(x, top, Math.max(this.x(to) - x, 1), bottom - top);
    };
    sheet.bars.forEach(([start, end], index) => {
      if (!seen([start, end - start])) return;
      if (this.locked.has(index + 1)) block(start, end, 0, HEIGHT, colour("lock"));
      if (sheet.doubts.some((doubt) => index + 1 >= doubt.first && index + 1 <= doubt.last)) block(start, end, 0, ROWS.beats[1], colour("doubt"));
    });
    block(this.selected.from, this.selected.to, 0, HEIGHT, colour("select"));
    this.paintWave(g, colour("wave"));
    const barPx = (this.x(sheet.bars[0][1]) - this.x(sheet.bars[0][0])) || 1;
    const every = Math.max(1, Math.ceil(26 / barPx));
    g.lineWidth = 1;
    sheet.bars.forEach(([start, end, meter], index) => {
      if (!seen([start, end - start])) return;
      const x = Math.round(this.x(start)) + 0.5;
      g.strokeStyle = colour("soft");
      g.beginPath();
      g.moveTo(x, 0);
      g.lineTo(x, HEIGHT);
      g.stroke();
      g.fillStyle = colour("ink");
      if (index % every === 0) g.fillText(`${index + 1}`, x + 4, 12);
      if (index > 0 && sheet.bars[index - 1][2] !== meter) g.fillText(meter, x + 26, 12);
    });
    const starts = new Set(sheet.bars.map(([start]) => start));
    for (const tick of sheet.beats) {
      if (tick < firstTick || tick > lastTick) continue;
      const at = this.drag?.kind === "beat" && this.drag.tick === tick ? this.drag.x : this.x(tick);
      g.fillStyle = colour(starts.has(tick) ? "ink" : "soft");
      if (barPx > 24 || starts.has(tick)) g.fillRect(at - 1, ROWS.beats[0] + (starts.has(tick) ? 1 : 6), 2.5, starts.has(tick) ? 14 : 9);
      if (barPx > 50) { g.fillStyle = colour("line"); g.fillRect(at, ROWS.roll[0], 1, ROWS.roll[1] - ROWS.roll[0]); }
    }
    for (const [start, end, name] of sheet.chords) {
      if (!seen([start, end - start])) continue;
      const x = this.x(start);
      const wide = this.x(end) - x;
      g.strokeStyle = colour("soft");
      g.strokeRect(x + 1.5, ROWS.chords[0] + 2.5, Math.max(wide - 2, 1), 21);
      if (wide < 14) continue;
      g.save();
      g.beginPath();
      g.rect(x, ROWS.chords[0], wide - 2, 26);
      g.clip();
      g.fillStyle = colour("ink");
      g.fillText(name, x + 5, ROWS.chords[0] + 13);
      g.restore();
    }
    for (const [tick, name] of sheet.sections) {
      const bar = barAt(sheet, tick);
      g.fillStyle = colour("accent");
      g.font = "bold 13px Georgia, serif";
      g.fillText(name, this.x(tick) + (bar % every === 0 ? 30 : 4), 12);
      g.font = "13px Georgia, serif";
    }
    const tall = Math.max((ROWS.roll[1] - ROWS.roll[0]) / (this.high - this.low), 3);
    for (const layer of [sheet.texture, sheet.bass])
      for (const [start, length, pitch] of layer)
        if (pitch >= this.low && pitch <= this.high && seen([start, length])) block(start, start + length, this.y(pitch) - tall / 2, this.y(pitch) + tall / 2, colour("other"));
    sheet.melody.forEach((note, index) => {
      const [start, length, pitch] = this.drag?.kind === "note" && this.drag.index === index ? this.drag.note : note;
      if (!seen([start, length])) return;
      block(start, start + length, this.y(pitch) - tall / 2 - 1, this.y(pitch) + tall / 2 + 1, colour("melody"));
      g.fillStyle = colour("paper");
      g.fillRect(this.x(start + length) - 1, this.y(pitch) - tall / 2 - 1, 1, tall + 2);
      if (index !== this.selected.note) return;
      g.strokeStyle = colour("ink");
      g.lineWidth = 2;
      g.strokeRect(this.x(start), this.y(pitch) - tall / 2 - 2, this.x(start + length) - this.x(start), tall + 4);
      g.lineWidth = 1;
      g.fillStyle = colour("ink");
      g.fillText(pitchName(sheet, pitch), this.x(start), this.y(pitch) - tall / 2 - 11);
    });
    g.fillStyle = colour("ink");
    let free = -Infinity;
    for (const [tick, text] of sheet.lyrics) {
      const x = this.x(tick);
      if (tick < firstTick || tick > lastTick || x < free) continue;
      g.fillText(text, x, (ROWS.words[0] + ROWS.words[1]) / 2);
      free = x + g.measureText(text).width + 4;
    }
    g.fillStyle = colour("accent");
    g.fillRect(this.xOf(this.head) - 1, 0, 2, HEIGHT);
  }

  paintWave(g, fill) {
    const [top, bottom] = ROWS.wave;
    const middle = (top + bottom) / 2;
    g.fillStyle = fill;
    if (!this.peaks) return;
    for (let x = 0; x < this.width; x++) {
      const first = Math.floor(this.secOf(x) * 100);
      const last = Math.max(Math.floor(this.secOf(x + 1) * 100), first + 1);
      let [least, most] = [0, 0];
      for (let at = Math.max(first, 0); at < last && 2 * at + 1 < this.peaks.length; at++) {
        least = Math.min(least, this.peaks[2 * at]);
        most = Math.max(most, this.peaks[2 * at + 1]);
      }
      const half = (bottom - top) / 2 - 2;
      g.fillRect(x, middle - (most / 127) * half, 1, Math.max(((most - least) / 127) * half, 1));
    }
  }

  hit(event) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const row = Object.keys(ROWS).find((name) => y >= ROWS[name][0] && y < ROWS[name][1]) ?? "words";
    return { x, y, row, tick: Math.min(Math.max(tickAt(this.sheet, this.secOf(x)), 0), this.sheet.bars.at(-1)[1] - 1) };
  }

  noteAt(x, y) {
    const tall = Math.max((ROWS.roll[1] - ROWS.roll[0]) / (this.high - this.low), 3) / 2 + 3;
    return this.sheet.melody.findIndex(([start, length, pitch]) =>
      x >= this.x(start) && x <= this.x(start + length) && Math.abs(y - this.y(pitch)) <= tall);
  }

  down(event) {
    if (event.button) return;
    const { x, y, row, tick } = this.hit(event);
    this.canvas.setPointerCapture(event.pointerId);
    if (row === "wave") this.acts.seek(this.secOf(x));
    if (row === "roll") {
      const index = this.noteAt(x, y);
      if (index >= 0) {
        const [start, length, pitch] = this.sheet.melody[index];
        const isEnd = this.x(start + length) - x < EDGE_PX && this.x(start + length) - this.x(start) > 2 * EDGE_PX;
        this.acts.select(start, start + length, index);
        this.drag = { kind: "note", index, isEnd, x, y, note: [start, length, pitch], was: [start, length, pitch] };
        return;
      }
    }
    if (row === "beats") {
      const near = this.sheet.beats.reduce((best, one) => (Math.abs(this.x(one) - x) < Math.abs(this.x(best) - x) ? one : best));
      const index = this.sheet.beats.indexOf(near);
      this.acts.select(near, beatEnd(this.sheet, index), -1);
      if (Math.abs(this.x(near) - x) < 8) this.drag = { kind: "beat", tick: near, x, began: x };
      return;
    }
    if (row === "chords") {
      const chord = this.sheet.chords.find(([start, end]) => tick >= start && tick < end);
      if (chord) return this.acts.select(chord[0], chord[1], -1, true);
    }
    const span = this.span(row, tick);
    this.acts.select(...span, -1);
    this.drag = { kind: "span", row, first: span };
  }

  span(row, tick) {
    if (row === "ruler") return this.sheet.bars[barAt(this.sheet, tick)].slice(0, 2);
    const index = beatAt(this.sheet, tick);
    return [this.sheet.beats[index], beatEnd(this.sheet, index)];
  }

  move(event) {
    if (!this.drag) return;
    const { x, y, tick } = this.hit(event);
    const { drag } = this;
    if (drag.kind === "span") {
      const [from, to] = this.span(drag.row, tick);
      this.acts.select(Math.min(from, drag.first[0]), Math.max(to, drag.first[1]), -1);
    } else if (drag.kind === "beat") drag.x = x;
    else {
      const moved = snapped(tickAt(this.sheet, this.secOf(x)) - tickAt(this.sheet, this.secOf(drag.x)));
      const [start, length, pitch] = drag.was;
      drag.note = drag.isEnd ? [start, Math.max(length + moved, 3), pitch]
        : [Math.max(start + moved, 0), length, Math.abs(y - drag.y) < 4 ? pitch : pitch + this.pitchOf(y) - this.pitchOf(drag.y)];
    }
    this.draw();
  }

  up() {
    const { drag } = this;
    this.drag = null;
    if (drag?.kind === "beat" && Math.abs(drag.x - drag.began) > 2)
      this.acts.correct(`beat ${placeOf(this.sheet, drag.tick)}=${Math.max(this.secOf(drag.x), 0).toFixed(3)}`);
    if (drag?.kind === "note" && `${drag.note}` !== `${drag.was}`) this.acts.moveNote(drag.index, ...drag.note);
    this.draw();
  }

  double(event) {
    const { x, y, row, tick } = this.hit(event);
    if (row === "chords") this.acts.chord();
    if (row !== "roll" || this.noteAt(x, y) >= 0) return;
    const onset = Math.floor(tick / 3) * 3;
    this.acts.drawNote(onset, this.pitchOf(y));
  }
}

// A note in the words of a correction: place, pitch, beats.
export function noteWords(sheet, tick, length, pitch) {
  const beat = sheet.bars[barAt(sheet, tick)][3];
  return `${placeOf(sheet, tick)}:${pitchName(sheet, pitch)}:${fraction(length, beat)}`;
}
