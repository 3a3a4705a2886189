"use strict";
const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const messages = read("messages");
const STEP_MS = 1600;
const STILL = matchMedia("(prefers-reduced-motion: reduce)");
const ARRIVE = [{ opacity: 0.4, transform: "translateY(-4px)" }, {}];
let trace = null;
let rows = [];
let language = "en";
let current = 0;
let timer = null;

// Words: an element names its message in data-t (text) or data-t-label (aria-label), and the
// values that the message needs in its other data attributes.
function say(key, values) {
  return messages[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
function translate(root) {
  for (const node of all("[data-t]", root)) node.textContent = say(node.dataset.t, node.dataset);
  for (const node of all("[data-t-label]", root)) {
    node.setAttribute("aria-label", say(node.dataset.tLabel, node.dataset));
  }
}
function speak(next) {
  if (!messages[next]) return;
  language = next;
  document.documentElement.lang = next;
  const other = next === "en" ? "ko" : "en";
  const button = one(".language");
  button.lang = other;
  button.textContent = messages[other].language_name;
  translate(document);
}

// Steps: every row of the table holds one step; the stage shows a larger copy of one row.
function fill(slot, source) {
  const target = one(`[data-slot="${slot}"]`);
  const opened = one(".gates[open]", target) !== null;
  const copies = [...source.childNodes].map((node) => node.cloneNode(true));
  target.replaceChildren(...copies);
  if (opened) one(".gates", target).open = true;
  if (!STILL.matches) target.animate(ARRIVE, 300);
}
function visible(token) {
  return token.trim() || "␣";
}
function cell(step, name) {
  return one(`.cell-${name}`, rows[step]);
}
// Where we are, in the table and on the line of tokens.
function mark() {
  rows.forEach((row, index) => row.classList.toggle("now", index === current));
  all(".timeline button").forEach((button, index) => {
    button.classList.toggle("written", index <= current);
    if (index === current) button.setAttribute("aria-current", "step");
    else button.removeAttribute("aria-current");
  });
}
function show(step) {
  current = Math.min(Math.max(step, 0), rows.length - 1);
  mark();
  for (const name of ["input", "state", "attention", "softmax", "choice"]) {
    fill(name, cell(current, name));
  }
  fill("before", current === 0 ? one("#context-strip") : cell(current - 1, "state"));
  const { input, choice } = trace.steps[current];
  Object.assign(one(".status span").dataset, {
    n: current + 1, input: visible(input), choice: visible(choice),
  });
  translate(one("#decoder"));
}
function pause() {
  clearInterval(timer);
  timer = null;
  one(".play span").dataset.t = "play";
  translate(one(".buttons"));
}
function play() {
  show(current === rows.length - 1 ? 0 : current + 1);
  timer = setInterval(() => {
    show(current + 1);
    if (current === rows.length - 1) pause();
  }, STEP_MS);
  one(".play span").dataset.t = "pause";
  translate(one(".buttons"));
}
function go(step) {
  pause();
  show(step);
}
const moves = {
  first: () => go(0),
  previous: () => go(current - 1),
  next: () => go(current + 1),
  last: () => go(rows.length - 1),
};

// The exact number under the pointer.
function vector(name) {
  const [kind, index, gate] = name.split(" ");
  if (kind === "encoder-gate") return trace.encoder_gates[index][gate];
  if (kind === "step-gate") return trace.steps[index].gates[gate];
  if (kind === "encoder") return trace.encoder_states[index];
  return kind === "step" ? trace.steps[index].state : trace.context;
}
function point(event) {
  const tip = one(".tip");
  const strip = event.target.closest?.(".strip[data-vector]");
  const told = event.target.closest?.("[data-tip]");
  tip.hidden = !strip && !told;
  if (tip.hidden) return;
  tip.style.left = `${Math.min(event.clientX + 12, innerWidth - 150)}px`;
  tip.style.top = `${event.clientY + 16}px`;
  if (told) {
    tip.textContent = told.dataset.tip;
    return;
  }
  const box = strip.getBoundingClientRect();
  const { width, height } = strip.viewBox.baseVal;
  const column = Math.floor(((event.clientX - box.left) / box.width) * width);
  const line = Math.floor(((event.clientY - box.top) / box.height) * height);
  const unit = line * width + column;
  const value = vector(strip.dataset.vector)[unit];
  tip.hidden = value === undefined;
  if (tip.hidden) return;
  tip.textContent = say("unit", { unit: unit + 1, value: value.toFixed(3) });
}

// Gates are drawn when somebody opens them: a path for each of a few tints, as Python draws the states.
const NUM_TINTS = 8;
const MAX_COLUMNS = 64;
function svg(tag, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}
function draw(place) {
  const values = vector(place.dataset.draw);
  const lines = Math.ceil(values.length / MAX_COLUMNS);
  const columns = Math.ceil(values.length / lines);
  const peak = Math.max(1, ...values.map(Math.abs));
  const paths = new Map();
  values.forEach((value, unit) => {
    const tint = Math.round((NUM_TINTS * value) / peak);
    if (tint) paths.set(tint, `${paths.get(tint) ?? ""}M${unit % columns} ${Math.floor(unit / columns)}.5h1`);
  });
  const low = Math.min(...values).toFixed(2);
  const high = Math.max(...values).toFixed(2);
  const strip = svg("svg", {
    class: "strip", role: "img", viewBox: `0 0 ${columns} ${lines}`, height: Math.max(18, 7 * lines),
    preserveAspectRatio: "none", "data-vector": place.dataset.draw,
    "aria-label": say("strip", { n: values.length, low, high }),
  });
  for (const [tint, d] of paths) {
    const sign = tint > 0 ? "positive" : "negative";
    strip.append(svg("path", { class: sign, "stroke-opacity": Math.abs(tint) / NUM_TINTS, d }));
  }
  place.replaceChildren(strip);
}
document.addEventListener("toggle", (event) => {
  if (!event.target.matches?.(".gates[open]")) return;
  for (const place of all("[data-draw]:empty", event.target)) draw(place);
}, true);

document.addEventListener("click", (event) => {
  const target = event.target.closest("button");
  if (!target) return;
  if (target.matches(".language")) speak(language === "en" ? "ko" : "en");
  else if (!trace) return;
  else if (target.matches(".play")) timer === null ? play() : pause();
  else if (target.dataset.move) moves[target.dataset.move]();
  else if (target.dataset.go) go(Number(target.dataset.go));
});
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (!trace || event.target.closest(".scroll, input, textarea, select, [role=tab]")) return;
  const move = { ArrowLeft: moves.previous, ArrowRight: moves.next }[event.key];
  if (!move) return;
  event.preventDefault();
  move();
});
document.addEventListener("pointermove", point);
document.addEventListener("scroll", () => { one(".tip").hidden = true; }, { passive: true });

// Take up the trace that stands in the page now, if one does.
function open_trace() {
  if (timer !== null) clearInterval(timer);
  timer = null;
  const holder = document.getElementById("trace");
  trace = holder ? JSON.parse(holder.textContent) : null;
  rows = all("#table tbody tr");
  current = 0;
  for (const node of all(".controls, .gates")) node.hidden = false;
  if (trace) mark();
}
one(".language").hidden = false;
open_trace();
speak(navigator.language.toLowerCase().startsWith("ko") ? "ko" : "en");
