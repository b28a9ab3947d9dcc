"use strict";
// A text's history as frames that can be gone to in any order, and a page that plays them.

const WRITER = 0;

/** The text: lines, each with as many digits that say who wrote them as it has UTF-16 units. */
class Body {
  constructor(start) {
    this.lines = start.split("\n").map((text) => newLine(text, String(WRITER).repeat(text.length)));
    this.gone = []; // lines that are shown and no longer there
    this.place = [0, 0];
  }

  get text() {
    return this.lines.map((line) => line.text).join("\n");
  }

  /** Replaces what stands between two places; returns what undoes it. */
  replace(firstLine, firstColumn, lastLine, lastColumn, text, who) {
    const old = this.lines.slice(firstLine, lastLine + 1);
    const last = old[old.length - 1];
    const cut = (part) =>
      old.map((line, n) =>
        line[part].slice(n === 0 ? firstColumn : 0, n === old.length - 1 ? lastColumn : undefined)).join("\n");
    const removed = [cut("text"), cut("who")];
    const texts = text.split("\n");
    const whos = who.split("\n");
    const end = [firstLine + texts.length - 1, texts[texts.length - 1].length + (texts.length === 1 ? firstColumn : 0)];
    texts[0] = old[0].text.slice(0, firstColumn) + texts[0];
    whos[0] = old[0].who.slice(0, firstColumn) + whos[0];
    texts[texts.length - 1] += last.text.slice(lastColumn);
    whos[whos.length - 1] += last.who.slice(lastColumn);
    this.gone.push(...old.filter((line) => line.shown));
    const made = texts.map((each, n) => newLine(each, whos[n]));
    this.lines = this.lines.slice(0, firstLine).concat(made, this.lines.slice(lastLine + 1));
    this.place = end;
    return [firstLine, firstColumn, end[0], end[1], ...removed];
  }
}

function newLine(text, who) {
  return { text, who, shown: null };
}

/** Who wrote a passage, digit by digit; line ends stay. */
function digits(text, who) {
  return text.split("\n").map((line) => String(who).repeat(line.length)).join("\n");
}

/**
 * The frames: what each adds to its parent, when it is played, and how it was called.
 * What was typed comes letter by letter.
 */
function framesOf(data) {
  const frames = [{ parent: null, depth: 0, at: 0, plays: 0, changes: [], who: WRITER, step: 0 }];
  const lastOf = [0]; // the last frame of each step
  let plays = 0;
  const add = (parent, at, wait, changes, who, step) => {
    plays += wait;
    frames.push({ parent: frames[parent], depth: frames[parent].depth + 1, at, plays, changes, who, step });
  };
  data.steps.forEach(([parent, at, who, name, changes], index) => {
    const next = index + 1 < data.steps.length ? data.steps[index + 1][1] : at + 1;
    const pause = Math.min(Math.max(at - (index ? data.steps[index - 1][1] : at), 0.1), 2);
    const letters = name === "typing" && changes.length === 1 ? Array.from(changes[0][4]) : [];
    if (letters.length > 1 && changes[0][0] === changes[0][2] && changes[0][1] === changes[0][3]) {
      const each = Math.min(Math.max((next - at) / letters.length, 0.02), 0.15);
      let [line, column] = changes[0];
      letters.forEach((letter, number) => {
        const before = number ? frames.length - 1 : lastOf[parent];
        add(before, at, number ? each : pause, [[line, column, line, column, letter]], who, index + 1);
        [line, column] = letter === "\n" ? [line + 1, 0] : [line, column + letter.length];
      });
    } else {
      add(lastOf[parent], at, pause, changes, who, index + 1);
    }
    lastOf.push(frames.length - 1);
  });
  if (lastOf[data.here] !== frames.length - 1) {
    // the text ended on another branch: one more frame that changes nothing there
    add(lastOf[data.here], frames[frames.length - 1].at, 1, [], WRITER, data.steps.length);
  }
  return frames;
}

/** The text at any of the frames. */
class Recording {
  constructor(data) {
    this.body = new Body(data.start);
    this.frames = framesOf(data);
    this.here = this.frames[0];
  }

  go(number) {
    const forth = [];
    let there = this.frames[number];
    while (this.here !== there) {
      if (this.here.depth >= there.depth) {
        this.undo();
      } else {
        forth.push(there);
        there = there.parent;
      }
    }
    while (forth.length) this.make(forth.pop());
  }

  make(frame) {
    frame.undo = frame.changes.map(([a, b, c, d, text]) => this.body.replace(a, b, c, d, text, digits(text, frame.who)));
    this.here = frame;
  }

  undo() {
    for (const change of this.here.undo.reverse()) this.body.replace(...change);
    this.here = this.here.parent;
  }
}

/** The page: shows a recording's text and plays it. Text only ever gets there as text. */
function start() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const get = (id) => document.getElementById(id);
  const [text, play, slider, speed, said] = ["text", "play", "slider", "speed", "said"].map(get);
  const recording = new Recording(data);
  const frames = recording.frames;
  let number = 0;
  let playing = false;
  let clock = 0; // seconds of playing
  let last = 0; // when it was looked at
  slider.max = frames.length - 1;

  const passage = (line, from, to) => {
    const mark = document.createElement("span");
    if (line.who[from] !== String(WRITER)) mark.className = line.who[from] === "1" ? "model" : "other";
    mark.textContent = line.text.slice(from, to);
    return mark;
  };

  const shownLine = (line, caret) => {
    const shown = document.createElement("div");
    for (let from = 0; from < line.text.length; ) {
      let to = from + 1;
      while (to < line.text.length && line.who[to] === line.who[from] && to !== caret) to += 1;
      if (from === caret) shown.append(mark());
      shown.append(passage(line, from, to));
      from = to;
    }
    if (caret >= line.text.length) shown.append(mark());
    if (!line.text) shown.append(document.createElement("br"));
    return shown;
  };

  const mark = () => {
    const caret = document.createElement("i");
    caret.id = "caret";
    return caret;
  };

  let marked = null; // the line with the caret

  const paint = () => {
    const body = recording.body;
    for (const line of body.gone) {
      line.shown.remove();
      line.shown = null;
    }
    body.gone = [];
    const [row, column] = body.place;
    const current = body.lines[Math.min(row, body.lines.length - 1)];
    for (const line of [marked, current]) {
      if (line && line.shown) {
        const anew = shownLine(line, line === current ? column : -1);
        line.shown.replaceWith(anew);
        line.shown = anew;
      }
    }
    marked = current;
    let next = text.firstChild;
    for (const line of body.lines) {
      if (!line.shown) {
        line.shown = shownLine(line, line === current ? column : -1);
        text.insertBefore(line.shown, next);
      } else {
        next = line.shown.nextSibling;
      }
    }
    const frame = frames[number];
    slider.value = number;
    const who = ["the writer", "a model", "another program"][frame.who];
    const name = frame.who === 1 ? data.names[frame.step - 1] || who : who;
    said.textContent = `${timeOf(frame.at)}   step ${frame.step} of ${data.steps.length}   ${frame.step ? name : ""}`;
    const caret = get("caret");
    if (caret) caret.scrollIntoView({ block: "nearest" });
  };

  const show = (wanted) => {
    number = wanted;
    recording.go(number);
    paint();
  };

  const tick = (now) => {
    if (!playing) return;
    clock += ((now - last) / 1000) * Number(speed.value);
    last = now;
    let wanted = number;
    while (wanted + 1 < frames.length && frames[wanted + 1].plays <= clock) wanted += 1;
    if (wanted !== number) show(wanted);
    if (number === frames.length - 1) turn(false);
    else requestAnimationFrame(tick);
  };

  const turn = (on) => {
    playing = on;
    play.textContent = on ? "Pause" : "Play";
    if (!on) return;
    if (number === frames.length - 1) show(0);
    clock = frames[number].plays;
    last = performance.now();
    requestAnimationFrame(tick);
  };

  play.addEventListener("click", () => turn(!playing));
  slider.addEventListener("input", () => {
    show(Number(slider.value));
    clock = frames[number].plays;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === " " && event.target !== play && event.target !== speed) {
      event.preventDefault();
      turn(!playing);
    }
  });
  show(0);
}

function timeOf(seconds) {
  const whole = Math.floor(seconds);
  const two = (value) => String(value).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

if (typeof document !== "undefined") start();
