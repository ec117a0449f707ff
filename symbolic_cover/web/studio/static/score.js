// The score of a take: engraved by the server, lit as it sounds, clicked to play from there.
import { ask } from "./api.js";

const SVG = "http://www.w3.org/2000/svg";

export class Score {
  constructor(box, clicked) {
    this.box = box;
    this.clicked = clicked;
    this.take = null;
    this.at = 0;
    this.lit = new Set();
  }

  async show(song, take) {
    if (!take) {
      this.box.replaceChildren();
      this.take = null;
      return;
    }
    const told = await ask(`/api/songs/${song}/takes/${take.number}/score`);
    this.box.replaceChildren(...told.svg.map((text) => document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true)));
    this.notes = told.notes;
    this.take = take;
    this.dark();
    this.bars = told.bars.map((id) => this.box.querySelector(`[id="${id}"]`));
    this.bars.forEach((bar, index) => this.frame(bar, index));
  }

  frame(bar, index) {
    if (!bar) return;
    const box = bar.getBBox();
    const area = document.createElementNS(SVG, "rect");
    for (const name of ["x", "y", "width", "height"]) area.setAttribute(name, box[name]);
    area.setAttribute("class", "area");
    area.style.pointerEvents = "all";
    bar.prepend(area);
    bar.addEventListener("click", () => this.clicked(index));
    const weak = this.take.weak.filter((one) => index + 1 >= one.first && index + 1 <= one.last);
    if (weak.length) {
      bar.classList.add("weak");
      const title = document.createElementNS(SVG, "title");
      title.textContent = weak.map((one) => `Bar ${index + 1}: ${one.text}; ${one.advice}`).join("\n");
      area.append(title);
    }
    if (this.take.bars.includes(index + 1)) bar.classList.add("fresh");
  }

  // Seconds of the cover.
  follow(sec, bar) {
    if (!this.take) return;
    if (this.now !== this.bars[bar]) {
      this.now?.classList.remove("now");
      this.now = this.bars[bar];
      this.now?.classList.add("now");
      this.reveal(this.now);
    }
    if (this.at > 0 && this.notes[this.at - 1][0] > sec) this.dark();
    while (this.at < this.notes.length && this.notes[this.at][0] <= sec) {
      const [, on, off] = this.notes[this.at++];
      off.forEach((id) => this.light(id, false));
      on.forEach((id) => this.light(id, true));
    }
  }

  // The bar that sounds stays in sight, inside the box of the score.
  reveal(bar) {
    if (!bar) return;
    const [around, inside] = [this.box.getBoundingClientRect(), bar.getBoundingClientRect()];
    if (inside.top < around.top || inside.bottom > around.bottom) this.box.scrollTop += inside.top - around.top - 20;
  }

  dark() {
    this.lit.forEach((id) => this.light(id, false));
    this.at = 0;
  }

  light(id, on) {
    this.box.querySelector(`[id="${id}"]`)?.classList.toggle("lit", on);
    if (on) this.lit.add(id);
    else this.lit.delete(id);
  }
}
