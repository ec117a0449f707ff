// Ticks, seconds and places such as 13.3 of a song sheet.
const STEP = 6;
export const NAMES_FLAT = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"];
export const NAMES_SHARP = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

export function secAt(sheet, tick) {
  const at = Math.min(Math.max((tick - sheet.first_tick) / STEP, 0), sheet.eighth_sec.length - 1.0001);
  const index = Math.floor(at);
  const [a, b] = [sheet.eighth_sec[index], sheet.eighth_sec[index + 1]];
  return a + (at - index) * (b - a);
}

export function tickAt(sheet, sec) {
  const known = sheet.eighth_sec;
  let low = 0;
  let high = known.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (known[middle] <= sec) low = middle;
    else high = middle;
  }
  return sheet.first_tick + STEP * (low + (sec - known[low]) / (known[high] - known[low]));
}

export function barAt(sheet, tick) {
  const found = sheet.bars.findIndex(([start, end]) => tick >= start && tick < end);
  return found >= 0 ? found : tick < 0 ? 0 : sheet.bars.length - 1;
}

export function fraction(over, under) {
  const divide = (a, b) => (b ? divide(b, a % b) : a);
  const common = divide(over, under) || 1;
  return under === common ? `${over / common}` : `${over / common}/${under / common}`;
}

export function placeOf(sheet, tick) {
  const bar = barAt(sheet, tick);
  const [start, , , beat] = sheet.bars[bar];
  return `${bar + 1}.${fraction(tick - start + beat, beat)}`;
}

// The beat at or before a tick, as an index of sheet.beats.
export function beatAt(sheet, tick) {
  let found = 0;
  for (let index = 0; index < sheet.beats.length && sheet.beats[index] <= tick; index++) found = index;
  return found;
}

export function beatEnd(sheet, index) {
  return index + 1 < sheet.beats.length ? sheet.beats[index + 1] : sheet.bars.at(-1)[1];
}

export function pitchName(sheet, pitch) {
  return `${(sheet.flats ? NAMES_FLAT : NAMES_SHARP)[pitch % 12]}${Math.floor(pitch / 12) - 1}`;
}

export function snapped(tick) {
  return Math.round(tick / 3) * 3;
}
