// Just enough of a browser for an exported player: reads a page from stdin, then goes to each step named on the command
// line and prints the text that is shown, and who wrote it, as a line of JSON.
"use strict";
const page = require("fs").readFileSync(0, "utf-8");

class Element {
  constructor(name) {
    Object.assign(this, { name, children: [], parent: null, own: "", className: "", listeners: {}, value: "" });
  }
  get textContent() {
    return this.children.length ? this.children.map((child) => child.textContent).join("") : this.own;
  }
  set textContent(text) {
    Object.assign(this, { children: [], own: text });
  }
  get firstChild() {
    return this.children[0] ?? null;
  }
  get nextSibling() {
    return this.parent.children[this.parent.children.indexOf(this) + 1] ?? null;
  }
  append(child) {
    this.insertBefore(child, null);
  }
  insertBefore(child, next) {
    child.remove();
    this.children.splice(next ? this.children.indexOf(next) : this.children.length, 0, child);
    child.parent = this;
  }
  remove() {
    if (this.parent) this.parent.children.splice(this.parent.children.indexOf(this), 1);
    this.parent = null;
  }
  replaceWith(other) {
    this.parent.insertBefore(other, this);
    this.remove();
  }
  addEventListener(kind, listener) {
    this.listeners[kind] = listener;
  }
  scrollIntoView() {}
}

const byId = {};
for (const [, id] of page.matchAll(/ id="(\w+)"/g)) byId[id] = new Element(id);
byId.data.textContent = page.match(/<script id="data" type="application\/json">([^]*?)<\/script>/)[1];
byId.speed.value = "1";
const frames = [];
global.document = {
  getElementById: (id) => byId[id] ?? null,
  createElement: (name) => new Element(name),
  addEventListener: () => {},
};
global.performance = { now: () => 0 };
global.requestAnimationFrame = (frame) => frames.push(frame);
(0, eval)(page.match(/<script>([^]*?)<\/script>/)[1]);

const shown = () => {
  const spans = byId.text.children.flatMap((line, n) => [
    ...(n ? [["\n", ""]] : []),
    ...line.children.filter((part) => part.name === "span").map((part) => [part.textContent, part.className]),
  ]);
  return JSON.stringify({ text: spans.map(([text]) => text).join(""), spans, said: byId.said.textContent });
};
for (const wanted of process.argv.slice(2)) {
  if (wanted === "play") {
    byId.play.listeners.click();
    for (let now = 0; frames.length; now += 50) frames.shift()(now);
  } else {
    byId.slider.value = wanted === "end" ? byId.slider.max : Math.floor(Number(wanted) * byId.slider.max);
    byId.slider.listeners.input();
  }
  console.log(shown());
}
