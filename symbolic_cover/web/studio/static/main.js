// The page: a song, its sheet, corrections, takes and score.
import { ask, complain } from "./api.js";
import { barAt, beatAt, beatEnd, pitchName, placeOf, secAt, tickAt } from "./places.js";
import { Player } from "./player.js";
import { record } from "./recorder.js";
import { Score } from "./score.js";
import { noteWords, Timeline } from "./timeline.js";

const find = (id) => document.getElementById(id);
const POLL_MS = 400;
let song = null;
let view = null;
let shown = null;
let compared = null;
let choices = null;

const player = new Player(() => {
  find("play").textContent = player.playing ? "Pause" : "Play";
  document.querySelector(`input[name=heard][value=${player.mode}]`).checked = true;
  timeline.follow(player.position(), player.playing);
});
const timeline = new Timeline(find("timeline"), {
  seek: (sec) => player.seek(sec),
  select,
  correct,
  moveNote: (index, tick, length, pitch) => correct(`move ${placeOf(view.sheet, view.sheet.melody[index][0])}=${noteWords(view.sheet, tick, length, pitch)}`),
  drawNote: (tick, pitch) => correct(`draw ${noteWords(view.sheet, tick, view.sheet.bars[barAt(view.sheet, tick)][3], pitch)}`),
  chord: () => find("chord").focus(),
});
const score = new Score(find("score"), (bar) => {
  player.setMode("cover");
  player.seek(secAt(view.sheet, view.sheet.bars[bar][0]));
  if (!player.playing) player.toggle();
});

// What is selected -----------------------------------------------------------------------------------------------

function select(from, to, note = -1, isChord = false) {
  timeline.selected = { from, to, note, isChord };
  timeline.draw();
  if (find("loop").checked) setLoop();
  tell();
}

function bars() {
  const { from, to } = timeline.selected;
  return [barAt(view.sheet, from) + 1, barAt(view.sheet, Math.max(to - 1, from)) + 1];
}

function barWords() {
  const [first, last] = bars();
  return first === last ? `bar ${first}` : `bars ${first} to ${last}`;
}

// The selection as corrections name spans: whole bars, or from beat to beat.
function span() {
  const { from, to } = timeline.selected;
  const [first, last] = bars();
  const { sheet } = view;
  if (sheet.bars[first - 1][0] === from && sheet.bars[last - 1][1] === to) return first === last ? `${first}` : `${first}-${last}`;
  const index = beatAt(sheet, from);
  const lastBeat = beatAt(sheet, to - 1);
  return index === lastBeat ? placeOf(sheet, from) : `${placeOf(sheet, from)}-${placeOf(sheet, sheet.beats[lastBeat])}`;
}

function tell() {
  const { from, to, note } = timeline.selected;
  const { sheet } = view;
  const words = [`Bar ${placeOf(sheet, from)}`];
  const chord = sheet.chords.find(([start, end]) => from >= start && from < end);
  words.push(chord ? `chord ${chord[2]}` : "no chord");
  const sung = sheet.melody.filter(([start, length]) => start < to && start + length > from);
  words.push(sung.length ? `melody ${sung.map(([, , pitch]) => pitchName(sheet, pitch)).slice(0, 8).join(" ")}` : "no melody");
  if (note >= 0) words.push("one note is selected");
  const doubt = sheet.doubts.find((one) => bars()[0] >= one.first && bars()[0] <= one.last);
  if (doubt) words.push(`in doubt: ${doubt.words}`);
  find("here").textContent = words.join(", ");
  find("where").textContent = placeOf(sheet, from);
  find("chord").value = chord ? chord[2] : "";
  find("chord-where").textContent = timeline.selected.isChord ? `this chord, from ${placeOf(sheet, from)}` : /^\d+(-\d+)?$/.test(span()) ? barWords() : span().includes("-") ? `${span()}` : `${span()} on`;
  for (const one of document.querySelectorAll(".chosen")) one.textContent = barWords();
  for (const one of document.querySelectorAll(".first-bar")) one.textContent = `bar ${bars()[0]}`;
  const [first, last] = bars();
  const isLocked = view.locked.includes(first) && view.locked.includes(last);
  find("lock").firstChild.textContent = isLocked ? "Unlock " : "Lock ";
  find("section").value = sheet.sections.find(([tick]) => barAt(sheet, tick) === first - 1)?.[1] ?? "";
}

function step(by, isLonger) {
  const { sheet } = view;
  const { from, to } = timeline.selected;
  const index = isLonger ? (by > 0 ? beatAt(sheet, to - 1) : beatAt(sheet, to - 1)) : beatAt(sheet, from);
  const beat = Math.min(Math.max(index + by, 0), sheet.beats.length - 1);
  if (isLonger) select(from, Math.max(beatEnd(sheet, beat), beatEnd(sheet, beatAt(sheet, from))));
  else select(sheet.beats[beat], beatEnd(sheet, beat), sheet.melody.findIndex(([start, length]) => start <= sheet.beats[beat] && start + length > sheet.beats[beat]));
  timeline.reveal(isLonger ? timeline.selected.to : timeline.selected.from);
  if (!player.playing) player.seek(secAt(sheet, timeline.selected.from));
}

// Corrections ----------------------------------------------------------------------------------------------------

async function change(address, body) {
  try {
    show(await ask(`/api/songs/${song}/${address}`, { revision: view.revision, ...body }));
  } catch (error) {
    if (error.status !== 409) return;
    const said = error.message;
    await reload();
    complain(said);
  }
}

function correct(...words) {
  return change("corrections", { words });
}

function noteOrSpan() {
  const { note } = timeline.selected;
  return note >= 0 ? placeOf(view.sheet, view.sheet.melody[note][0]) : span();
}

function nudge(steps, ticks = 0) {
  const { note } = timeline.selected;
  if (note < 0) return find("here").textContent = "Select a note of the melody first.";
  const [tick, length, pitch] = view.sheet.melody[note];
  return correct(`move ${placeOf(view.sheet, tick)}=${noteWords(view.sheet, Math.max(tick + ticks, 0), length, pitch + steps)}`);
}

function draw() {
  const { sheet } = view;
  const { from } = timeline.selected;
  const before = sheet.melody.filter(([tick]) => tick <= from).at(-1) ?? sheet.melody[0];
  return correct(`draw ${noteWords(sheet, from, sheet.bars[barAt(sheet, from)][3], before ? before[2] : 72)}`);
}

const DO = {
  downbeat: () => correct(`downbeat ${placeOf(view.sheet, view.sheet.beats[beatAt(view.sheet, timeline.selected.from)])}`),
  onward: () => correct(`downbeat ${placeOf(view.sheet, view.sheet.beats[beatAt(view.sheet, timeline.selected.from)])}-`),
  half: () => correct("tempo half"),
  double: () => correct("tempo double"),
  "octave-up": () => correct(`octave ${noteOrSpan()}=+1`),
  "octave-down": () => correct(`octave ${noteOrSpan()}=-1`),
  draw,
  split: () => correct(`split ${placeOf(view.sheet, middleOfNote())}`),
  delete: () => correct(`delete ${noteOrSpan()}`),
  silent: () => correct(`silent ${span()}`),
  "take-texture": () => correct(`take ${span()}=texture`),
  "take-bass": () => correct(`take ${span()}=bass`),
  sure: () => correct(`sure ${bars()[0]}-${bars()[1]}`),
};

// Where the selected note is split: at the beat inside it, else in its middle.
function middleOfNote() {
  const { note, from } = timeline.selected;
  if (note < 0) return from;
  const [tick, length] = view.sheet.melody[note];
  const beat = view.sheet.beats.find((one) => one > tick && one < tick + length);
  return beat ?? tick + Math.max(Math.round(length / 6) * 3, 1);
}

for (const button of document.querySelectorAll("[data-do]")) button.addEventListener("click", () => DO[button.dataset.do]());

function onSubmit(id, act) {
  find(id).addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
}
onSubmit("chord-form", () => {
  const { from, isChord } = timeline.selected;
  const where = isChord ? placeOf(view.sheet, from) : span();
  correct(`chord ${where}=${find("chord").value.trim()}`).then(() => find("timeline").focus());
});
onSubmit("meter-form", () => correct(`meter ${find("meter-here").checked ? `${bars()[0]}-${bars()[1]}=` : ""}${find("meter").value.trim()}`));
onSubmit("swing-form", () => correct(`swing ${find("swing").value}`));
onSubmit("key-form", () => correct(`key ${find("key").value.trim()}`));
onSubmit("section-form", () => correct(`section ${bars()[0]}=${find("section").value.trim()}`));
find("undo").addEventListener("click", () => change("undo", {}));
find("redo").addEventListener("click", () => change("redo", {}));

const KEYS = {
  " ": () => player.toggle(),
  ArrowLeft: (event) => step(-1, event.shiftKey),
  ArrowRight: (event) => step(1, event.shiftKey),
  ArrowUp: (event) => nudge(event.shiftKey ? 12 : 1),
  ArrowDown: (event) => nudge(event.shiftKey ? -12 : -1),
  ",": () => nudge(0, -3),
  ".": () => nudge(0, 3),
  d: (event) => (event.shiftKey ? DO.onward() : DO.downbeat()),
  c: () => { find("chord").focus(); find("chord").select(); },
  n: draw,
  p: () => correct(`beat ${placeOf(view.sheet, timeline.selected.from)}=${secAt(view.sheet, timeline.selected.from).toFixed(3)}`),
  s: () => DO.split(),
  r: () => DO.silent(),
  y: () => DO.sure(),
  l: () => find("loop").click(),
  b: () => player.setMode(player.mode === "cover" ? "song" : "cover"),
  a: () => find("these").click(),
  Delete: () => DO.delete(),
  Backspace: () => DO.delete(),
};
find("timeline").addEventListener("keydown", (event) => {
  if (!view?.sheet || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act(event);
});
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || !view?.sheet || /^(INPUT|SELECT)$/.test(event.target.tagName)) return;
  event.preventDefault();
  change(event.shiftKey ? "redo" : "undo", {});
});

// Playing --------------------------------------------------------------------------------------------------------

function setLoop() {
  const { from, to } = timeline.selected;
  player.loop = find("loop").checked ? [secAt(view.sheet, from), secAt(view.sheet, to)] : null;
}
find("play").addEventListener("click", () => player.toggle());
find("clicks").addEventListener("change", (event) => { player.clicks = event.target.checked; });
find("loop").addEventListener("change", setLoop);
find("slow").addEventListener("change", (event) => {
  const position = player.position();
  player.rate = event.target.checked ? 0.5 : 1;
  if (player.playing) player.start(position);
});
for (const choice of document.querySelectorAll("input[name=heard]"))
  choice.addEventListener("change", () => {
    if (player.setMode(choice.value)) return;
    document.querySelector(`input[name=heard][value=${player.mode}]`).checked = true;
    complain(choice.value === "cover" ? "There is no cover yet: arrange the song." : "There is no recording of this song.");
  });
find("in").addEventListener("click", () => timeline.setZoom(1.5));
find("out").addEventListener("click", () => timeline.setZoom(1 / 1.5));

function frame() {
  if (view?.sheet && player.playing) {
    const position = player.position();
    timeline.follow(position, true);
    const tick = tickAt(view.sheet, position);
    find("where").textContent = placeOf(view.sheet, view.sheet.beats[beatAt(view.sheet, tick)]);
    if (shown) score.follow(position / shown.tempo - shown.offset_sec, barAt(view.sheet, tick));
  }
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);

// Arranging, takes -----------------------------------------------------------------------------------------------

function controls() {
  const number = (id) => (find(id).value === "" ? null : Number(find(id).value));
  return { level: find("level").value, transpose: number("transpose") ?? 0, density: number("density"), polyphony: number("polyphony"),
    fidelity: number("fidelity"), seed: number("seed") ?? 0 };
}

async function arrange(asked) {
  await ask(`/api/songs/${song}/takes`, { style: find("style").value, ensemble: find("ensemble").value || null, controls: controls(), ...asked });
  find("seed").value = Number(find("seed").value) + 1;
  await poll();
}

function unlocked(first, last) {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index).filter((bar) => !view.locked.includes(bar));
}

function some(first, last) {
  if (!shown) return complain("Arrange the whole song first: the other bars are kept from a take.");
  const wanted = unlocked(first, last);
  if (!wanted.length) return complain("All of these bars are locked.");
  return arrange({ bars: wanted, onto: shown.number, ensemble: shown.ensemble ?? null, style: sameEnsemble() ? find("style").value : shown.style });
}

// A style for some bars must be played by the players of the take.
function sameEnsemble() {
  const of = (name) => choices.styles.find(([style]) => style === name)?.[2];
  return of(find("style").value) === (shown.ensemble || of(shown.style));
}

find("all").addEventListener("click", () => (view.locked.length && shown ? some(1, view.sheet.bars.length) : arrange({})));
find("from-here").addEventListener("click", () => some(bars()[0], view.sheet.bars.length));
find("these").addEventListener("click", () => some(...bars()));
find("touched").addEventListener("click", () => {
  return arrange({ bars: touched, onto: shown.number, ensemble: shown.ensemble ?? null, style: shown.style });
});
find("lock").addEventListener("click", async () => {
  const [first, last] = bars();
  const these = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const isLocked = these.every((bar) => view.locked.includes(bar));
  const locked = isLocked ? view.locked.filter((bar) => !these.includes(bar)) : [...view.locked, ...these];
  show(await ask(`/api/songs/${song}/about`, { locked }));
});

// The bars that were corrected since the take that is shown.
let touched = [];
async function findTouched() {
  touched = shown ? (await ask(`/api/songs/${song}/takes/${shown.number}/touched`)).filter((bar) => !view.locked.includes(bar)) : [];
  find("touched").hidden = !touched.length;
  find("touched").textContent = `Corrected bars (${touched.length === 1 ? "bar" : "bars"} ${spans(touched)})`;
}

function takeRow(take) {
  const row = document.createElement("li");
  row.classList.toggle("shown", shown?.number === take.number);
  const about = [take.style, take.ensemble, take.controls.level, `seed ${take.controls.seed}`].filter(Boolean).join(", ");
  const what = take.bars.length ? `bars ${spans(take.bars)} of take ${take.onto} anew` : "whole song";
  const name = Object.assign(document.createElement("span"), { textContent: `Take ${take.number}: ${about}; ${what}` });
  const look = Object.assign(document.createElement("button"), { type: "button", textContent: shown?.number === take.number ? "Shown" : "Show" });
  look.setAttribute("aria-pressed", String(shown?.number === take.number));
  look.addEventListener("click", () => showTake(take));
  const keep = Object.assign(document.createElement("button"), { type: "button", textContent: view.kept === take.number ? "★ kept" : "☆ keep" });
  keep.setAttribute("aria-pressed", String(view.kept === take.number));
  keep.addEventListener("click", async () => show(await ask(`/api/songs/${song}/about`, { kept: take.number })));
  const both = document.createElement("label");
  const box = Object.assign(document.createElement("input"), { type: "checkbox", value: take.number, className: "pick" });
  box.addEventListener("change", compareIfTwo);
  both.append(box, "compare");
  const again = Object.assign(document.createElement("button"), { type: "button", textContent: "Restore settings" });
  again.addEventListener("click", () => settingsOf(take));
  row.append(name, look, keep, again, both);
  return row;
}

function spans(numbers) {
  const found = [];
  for (const number of [...numbers].sort((a, b) => a - b))
    if (found.length && found.at(-1)[1] === number - 1) found.at(-1)[1] = number;
    else found.push([number, number]);
  return found.map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`)).join(", ");
}

function settingsOf(take) {
  find("style").value = take.style;
  find("ensemble").value = take.ensemble ?? "";
  const usual = { level: "full", transpose: 0, fidelity: 0.2, seed: 0, density: "", polyphony: "" };
  for (const [name, value] of Object.entries(usual)) find(name).value = take.controls[name] ?? value;
}

const coverUrl = (take) => `/api/songs/${song}/takes/${take.number}/files/cover.ogg`;

async function showTake(take) {
  shown = take ?? null;
  find("score-section").hidden = !take;
  player.setCover(take ? coverUrl(take) : null, take?.offset_sec, take?.tempo);
  if (take) {
    settingsOf(take);
    find("seed").value = Math.max(...view.takes.map((one) => one.controls.seed ?? 0)) + 1;
  }
  renderTakes();
  await score.show(song, take);
  if (!take) return;
  find("weak").textContent = take.weak.length ? `Coloured bars are weak: ${take.weak.slice(0, 4).map((one) => `${one.first === one.last ? one.first : `${one.first}–${one.last}`}: ${one.text}`).join("; ")}.` : "";
  const names = await ask(`/api/songs/${song}/takes/${take.number}/files`);
  const links = names.map((name) => Object.assign(document.createElement("a"), { href: `/api/songs/${song}/takes/${take.number}/files/${name}`, textContent: name, download: name.split("/").at(-1) }));
  links.unshift(Object.assign(document.createElement("a"), { href: `/api/songs/${song}/takes/${take.number}/all.zip`, textContent: "all as one zip", download: `take-${take.number}.zip` }));
  find("files").replaceChildren(...links);
}

function renderTakes() {
  find("no-takes").hidden = view.takes.length > 0;
  find("takes").replaceChildren(...[...view.takes].reverse().map(takeRow));
  findTouched().catch(() => {});
  find("locked").textContent = view.locked.length ? `Locked bars stay as they are: ${spans(view.locked)}.` : "";
}

// Comparing ------------------------------------------------------------------------------------------------------

function compareIfTwo() {
  const picked = [...document.querySelectorAll(".pick:checked")].map((one) => Number(one.value));
  if (picked.length !== 2) return find("compare").hidden = true;
  if (Math.random() < 0.5) picked.reverse();
  compared = { a: picked[0], b: picked[1] };
  find("compare").reset();
  find("compare").hidden = false;
  find("play-a").focus();
}

function playSide(side) {
  const take = view.takes.find((one) => one.number === compared[side]);
  const position = player.position();
  player.pause();
  player.setCover(coverUrl(take), take.offset_sec, take.tempo);
  player.setMode("cover");
  player.start(position);
}
find("play-a").addEventListener("click", () => playSide("a"));
find("play-b").addEventListener("click", () => playSide("b"));
find("no-compare").addEventListener("click", endComparing);
onSubmit("compare", async () => {
  const preferred = new FormData(find("compare")).get("better");
  const { a, b } = compared;
  await ask(`/api/songs/${song}/preferences`, { a, b, preferred });
  endComparing();
  find("said").textContent = `A was take ${a}, B take ${b}; ${preferred === "tie" ? "neither was preferred" : `take ${compared[preferred]} was preferred`}.`;
});

function endComparing() {
  player.pause();
  find("compare").hidden = true;
  for (const one of document.querySelectorAll(".pick")) one.checked = false;
  if (shown) player.setCover(coverUrl(shown), shown.offset_sec, shown.tempo);
}

// Work in progress -----------------------------------------------------------------------------------------------

const NAMES = { listen: "Listening to the song", cover: "Arranging the song", bars: "Arranging bars" };

function jobRow(job) {
  const row = document.createElement("li");
  const isOver = !["queued", "running"].includes(job.state);
  const name = `${NAMES[job.kind]}${job.bars.length && job.kind === "bars" ? ` ${spans(job.bars)}` : ""}${job.style ? ` (${job.style})` : ""}`;
  row.append(Object.assign(document.createElement("span"), { textContent: isOver ? `${name}: ${job.state === "failed" ? job.message : "cancelled"}` : name }));
  if (isOver) {
    if (job.kind === "listen") {
      const again = Object.assign(document.createElement("button"), { type: "button", textContent: "Try again", className: "plain" });
      again.addEventListener("click", async () => { await ask(`/api/songs/${song}/listen`, {}); await poll(); });
      row.append(again);
    }
    return row;
  }
  const bar = Object.assign(document.createElement("progress"), { max: 1 });
  if (job.state === "running") bar.value = job.share;
  bar.setAttribute("aria-label", name);
  const stage = Object.assign(document.createElement("span"), { textContent: job.state === "queued" ? "waiting" : job.stage, className: "quiet" });
  const stop = Object.assign(document.createElement("button"), { type: "button", textContent: "Cancel", className: "plain" });
  stop.addEventListener("click", async () => { await ask(`/api/songs/${song}/jobs/${job.id}/cancel`, {}); await poll(); });
  row.append(bar, stage, stop);
  return row;
}

const heardEarly = new Set();
const excerpts = new Map();

// New bars can be played while the rest of their take is made.
function offerExcerpt(job) {
  const isThere = job.state === "running" && job.kind === "bars" && !["", "listen", "arrange", "sound of the bars"].includes(job.stage);
  if (isThere && !heardEarly.has(job.id)) {
    heardEarly.add(job.id);
    const sound = Object.assign(document.createElement("audio"), { controls: true, src: `/api/songs/${song}/takes/${job.take}/excerpt` });
    sound.volume = 0.45; // as loud as the song
    sound.setAttribute("aria-label", `Bars ${spans(job.bars)}, new`);
    excerpts.set(job.id, sound);
    if (!player.playing) sound.play().catch(() => {});
  }
  return excerpts.get(job.id);
}

let jobsShown = "";
function renderJobs() {
  const first = Math.max(0, ...view.jobs.filter((job) => job.state === "done").map((job) => job.id));
  const open = view.jobs.filter((job) => ["queued", "running"].includes(job.state) || (job.state !== "done" && job.id > first));
  const key = JSON.stringify(open);
  if (key === jobsShown) return;
  jobsShown = key;
  find("jobs").replaceChildren(...open.map((job) => {
    const row = jobRow(job);
    const sound = offerExcerpt(job);
    if (sound) row.append(sound);
    return row;
  }));
}

let timer = 0;
async function poll() {
  clearTimeout(timer);
  if (!song) return;
  const of = song;
  const work = await ask(`/api/songs/${of}/work`).catch(() => null);
  if (of !== song) return;
  if (work) {
    const isNew = work.takes.length !== view.takes.length;
    if (work.revision !== view.revision || (view.sheet && !view.sound && work.jobs.length !== view.jobs.length)) return reload();
    Object.assign(view, work);
    renderJobs();
    if (isNew) await showTake(view.takes.at(-1));
  }
  if (view.jobs.some((job) => ["queued", "running"].includes(job.state)) || !work) timer = setTimeout(poll, POLL_MS);
}

// Showing a song -------------------------------------------------------------------------------------------------

function show(told) {
  const isFirst = view?.id !== told.id || !view.sheet;
  const kept = timeline.selected;
  view = told;
  find("title").textContent = view.title;
  document.title = `${view.title} · symbolic-cover`;
  find("studio").hidden = !view.sheet;
  renderJobs();
  if (!view.sheet) return find("facts").textContent = view.source;
  const { sheet } = view;
  find("facts").textContent = `${sheet.key}, ${sheet.meter}, ${sheet.tempo} beats a minute, ${sheet.bars.length} bars${sheet.remarks.length ? `. ${sheet.remarks.join(" ")}` : ""}`;
  player.load(view.sound ? `/api/songs/${song}/sound` : null, sheet);
  if (!view.sound && player.mode === "song") player.setMode("melody");
  timeline.show(view);
  const end = sheet.bars.at(-1)[1];
  const first = Math.max(sheet.beats.findIndex((tick) => secAt(sheet, tick) >= 0), 0);
  if (isFirst) select(sheet.beats[first], beatEnd(sheet, first));
  else {
    const from = Math.min(kept.from, end - 1);
    const note = kept.note >= 0 ? sheet.melody.findIndex(([tick, length]) => tick <= from && tick + length > from) : -1;
    select(from, Math.min(Math.max(kept.to, from + 1), end), note);
  }
  find("undo").disabled = !sheet.done.length;
  find("redo").disabled = !sheet.undone.length;
  find("done").replaceChildren(...sheet.done.map((words) => Object.assign(document.createElement("li"), { textContent: words })));
  find("song-json").href = `/api/songs/${song}/song.json`;
  find("meter").value = sheet.meter;
  find("key").value = sheet.key;
  find("swing").value = sheet.swing;
  find("doubts").replaceChildren(...sheet.doubts.map((doubt) => {
    const item = document.createElement("li");
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: doubt.words });
    button.addEventListener("click", () => {
      select(sheet.bars[doubt.first - 1][0], sheet.bars[doubt.last - 1][1]);
      timeline.reveal(sheet.bars[doubt.first - 1][0]);
      player.seek(secAt(sheet, sheet.bars[doubt.first - 1][0]));
    });
    item.append(button);
    return item;
  }));
  if (!sheet.doubts.length) find("doubts").replaceChildren(Object.assign(document.createElement("li"), { textContent: "No bars need checking." }));
  renderTakes();
  find("said").textContent = !isFirst && sheet.done.length ? `Corrected: ${sheet.done.at(-1)}` : "";
}

async function reload() {
  const told = await ask(`/api/songs/${song}`);
  const before = view;
  show(told);
  if (view.sound && timeline.peaksOf !== song) {
    timeline.peaksOf = song;
    const reply = await fetch(`/api/songs/${song}/peaks`);
    timeline.peaks = reply.ok ? new Int8Array(await reply.arrayBuffer()) : null;
    timeline.draw();
  }
  if (before?.id !== song || (before && before.takes.length !== view.takes.length)) await showTake(view.takes.find((one) => one.number === view.kept) ?? view.takes.at(-1));
  await poll();
}

async function open(id) {
  player.pause();
  song = id;
  view = null;
  shown = null;
  jobsShown = "";
  timeline.peaks = null;
  timeline.peaksOf = null;
  location.hash = id;
  find("opener").open = false;
  await reload();
  await listSongs();
}

async function listSongs() {
  const songs = await ask("/api/songs");
  const options = songs.map((one) => new Option(one.title, one.id, false, one.id === song));
  find("songs").replaceChildren(new Option("open another …", "", !song, !song), ...options);
  return songs;
}
find("songs").addEventListener("change", (event) => {
  if (event.target.value) return open(event.target.value);
  find("opener").open = true;
  find("file").focus();
});

async function upload(blob, name) {
  complain("");
  find("said").textContent = `${name} is being sent …`;
  const { id } = await ask(`/api/songs?name=${encodeURIComponent(name)}`, blob);
  find("said").textContent = "";
  await open(id);
}
find("file").addEventListener("change", (event) => {
  const [file] = event.target.files;
  if (file) upload(file, file.name).catch(() => {});
});
const drop = find("drop");
for (const kind of ["dragover", "dragleave", "drop"])
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragover");
    const [file] = kind === "drop" ? event.dataTransfer.files : [];
    if (file) upload(file, file.name).catch(() => {});
  });
find("remove").addEventListener("click", async () => {
  if (!confirm(`Remove ${view.title}, its corrections and takes?`)) return;
  player.pause();
  await ask(`/api/songs/${song}`, undefined, "DELETE");
  location.hash = "";
  location.reload();
});
find("take").addEventListener("click", async () => open((await ask(`/api/folder?name=${encodeURIComponent(find("folder").value)}`, {})).id));
let recording = null;
find("hum").addEventListener("click", async () => {
  try {
    if (!recording) {
      recording = await record();
      find("hum").textContent = "Stop and use it";
      return;
    }
    const sound = await recording.stop();
    recording = null;
    find("hum").textContent = "Hum into the microphone";
    await upload(sound, "hummed.wav");
  } catch {
    recording = null;
    find("hum").textContent = "Hum into the microphone";
    complain("The microphone cannot be used: does the browser allow it?");
  }
});

async function begin() {
  choices = await ask("/api/choices");
  find("style").replaceChildren(...choices.styles.map(([name, title]) => new Option(title, name, false, name === choices.default)));
  find("ensemble").replaceChildren(new Option("the style's own", ""), ...choices.ensembles.map(([name, title]) => new Option(title, name)));
  find("level").replaceChildren(...choices.levels.map((name) => new Option(name, name, false, name === "full")));
  find("file").accept = choices.suffixes.join(",");
  find("folder-row").hidden = !choices.folder.length;
  find("folder").replaceChildren(...choices.folder.map((name) => new Option(name, name)));
  const songs = await listSongs();
  const wanted = location.hash.slice(1);
  if (songs.some((one) => one.id === wanted)) await open(wanted);
}
begin().catch(() => {});
