"use strict";
// The server's page. Words and the step player are trace.js's, which stands before this file.
const about = read("about");
const NUM_OTHERS = 3;
const NUM_KEPT = 20;
const NUM_TRIES = 4;
const PAUSE_MS = 250;
const LAB = ["steps", "compare", "beam", "map"];
let models = [];
let view = "translate";
let changes = {};
let facts = { examples: [], words: [] };
let unknown = [];
let asked = 0;

const byId = (id) => document.getElementById(id);
const source = byId("source-box");
const labText = byId("lab-text");

// ------------------------------------------------------------------ the server

async function ask(path, body) {
  const headers = { "Content-Type": "application/json" };
  if (byId("key").value) headers.Authorization = `Bearer ${byId("key").value}`;
  let answer;
  try {
    answer = await fetch(path, body === undefined
      ? { headers }
      : { method: "POST", headers, body: JSON.stringify(body) });
  } catch {
    throw new Error(say("offline"));
  }
  const json = answer.headers.get("content-type")?.includes("json");
  const content = json ? await answer.json() : await answer.text();
  if (!answer.ok) throw new Error(content.error ?? say("status_of", { status: answer.status }));
  return content;
}

// Show what goes wrong; an answer that a later question has overtaken is dropped.
async function attempt(place, work) {
  const turn = ++asked;
  place.setAttribute("aria-busy", "true");
  complain("");
  try {
    await work(() => turn === asked);
  } catch (error) {
    if (turn === asked) complain(error.message);
  } finally {
    place.removeAttribute("aria-busy");
  }
}

function complain(reason) {
  const place = one(".problem[role=alert]");
  place.hidden = !reason;
  place.textContent = reason;
}

// ------------------------------------------------------------------ small things

function make(tag, text, attributes = {}) {
  const node = document.createElement(tag);
  if (text) node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}
function message(key, values = {}) {
  const node = make("span", "", { "data-t": key });
  Object.assign(node.dataset, values);
  node.textContent = say(key, values);
  return node;
}
function item(...children) {
  const node = make("li");
  node.append(...children);
  return node;
}
const percent = (share) => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)}%`;
const model = () => models.find((one) => one.name === byId("model").value);

function languageName(code) {
  try {
    const name = new Intl.DisplayNames([language], { type: "language" }).of(code);
    return name && name !== code ? name : null;
  } catch {
    return null;
  }
}
function nameLanguages() {
  const chosen = model();
  if (!chosen) return;
  for (const [side, key] of [["source", "source_text"], ["target", "target_text"]]) {
    byId(`${side}-lang`).textContent = languageName(chosen[side]) ?? say(key);
  }
}

// ------------------------------------------------------------------ where we are

// All that is needed to come back stands behind the #, which browsers never send.
function remember() {
  const place = new URLSearchParams({ view });
  if (models.length > 1) place.set("model", model().name);
  const text = view === "translate" ? source.value : labText.value;
  if (text) place.set("text", text);
  if (view === "compare" && byId("answer").value) place.set("answer", byId("answer").value);
  if (view === "beam") place.set("size", byId("beam-size").value);
  if (view === "steps" && Object.keys(changes).length) place.set("changes", JSON.stringify(changes));
  history.replaceState(null, "", `#${place}`);
}
function recall() {
  const place = new URLSearchParams(location.hash.slice(1));
  if (models.some((one) => one.name === place.get("model"))) byId("model").value = place.get("model");
  const text = place.get("text");
  if (text) source.value = labText.value = text;
  byId("answer").value = place.get("answer") ?? byId("answer").value;
  byId("beam-size").value = place.get("size") ?? byId("beam-size").value;
  try {
    changes = JSON.parse(place.get("changes") ?? "{}");
  } catch {
    changes = {};
  }
  const wanted = place.get("view");
  show_view(about.lab && LAB.includes(wanted) ? wanted : "translate");
  if (text) run();
}
function show_view(next) {
  view = next;
  for (const tab of all("[role=tab]")) {
    const selected = tab.dataset.view === view;
    tab.setAttribute("aria-selected", String(selected));
    tab.tabIndex = selected ? 0 : -1;
  }
  const lab = view !== "translate";
  byId("view-translate").hidden = lab;
  byId("view-lab").hidden = !lab;
  byId("view-lab").setAttribute("aria-labelledby", `tab-${view}`);
  for (const name of ["compare", "beam"]) {
    for (const node of all(`.for-${name}`)) node.hidden = view !== name;
  }
  byId("answer").required = view === "compare";
}
function turn_to(next) {
  if (next === view) return;
  if (view === "translate") labText.value = source.value || labText.value;
  else source.value = labText.value;
  show_view(next);
  byId("shown").replaceChildren();
  open_trace();
  complain("");
  run();
}
function run() {
  if (view === "translate") {
    if (source.value.trim()) translate_text();
    else remember();
    return;
  }
  const ready = labText.value.trim() && (view !== "compare" || byId("answer").value.trim());
  if (ready) show_inside();
  else remember();
}

// ------------------------------------------------------------------ translate

async function translate_text() {
  const text = source.value;
  remember();
  await attempt(byId("output"), async (current) => {
    const body = { texts: [text], model: model().name, alternatives: NUM_OTHERS, details: true };
    const found = (await ask("v1/translate", body)).translations[0];
    if (!current()) return;
    byId("output").textContent = found.text;
    byId("copy").disabled = byId("look").disabled = !found.text;
    show_words(found.sentences);
    show_others(found.alternatives);
    keep(text, found.text);
  });
}
function show_words(sentences) {
  byId("words").hidden = !sentences.length;
  one(".aligned").replaceChildren(...sentences.map(line));
}
function line(sentence) {
  const node = make("div", "", { class: "line" });
  const from = make("ol", "", { class: "from" });
  from.append(...sentence.src_tokens.map((token) => item(chip(token))));
  const to = make("ol", "", { class: "to" });
  sentence.tokens.forEach((token, index) => to.append(word(sentence, token, index, from)));
  const [src, tgt] = ["source", "target"].map((side) => byId(`${side}-lang`).textContent);
  node.append(make("span", src), from, make("span", tgt), to);
  return node;
}
function chip(token) {
  const special = /^<\w+>$/.test(token) ? " special" : "";
  return make("bdi", visible(token), { class: `token${special}` });
}
function word(sentence, token, index, from) {
  const share = sentence.probabilities[index];
  const weights = sentence.attention?.[index];
  const node = item(chip(token));
  Object.assign(node.dataset, { doubt: Math.min(4, Math.floor(5 * (1 - share))), tip: percent(share) });
  node.tabIndex = 0;
  const heard = weights
    ? message("word_heard", { share: percent(share), words: most(sentence.src_tokens, weights) })
    : message("word_heard_plain", { share: percent(share) });
  heard.classList.add("heard");
  node.append(heard);
  const light = (on) => [...from.children].forEach((target, at) => {
    target.dataset.shade = on && weights ? Math.round(10 * weights[at]) : 0;
  });
  for (const [event, on] of [["pointerenter", true], ["focus", true], ["pointerleave", false], ["blur", false]]) {
    node.addEventListener(event, () => light(on));
  }
  return node;
}
function most(tokens, weights) {
  const ranked = weights.map((weight, index) => [weight, tokens[index]]).sort((a, b) => b[0] - a[0]);
  return ranked.filter(([weight], rank) => rank === 0 || weight > 0.2).map((pair) => visible(pair[1])).join(", ");
}
function show_others(texts) {
  byId("others").hidden = !texts.length;
  one("#others ol").replaceChildren(...texts.map((text) => item(make("bdi", text))));
}
async function copy() {
  const text = byId("output").textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without https a browser may refuse; selecting the text lets the person copy it.
    getSelection().selectAllChildren(byId("output"));
    return;
  }
  const label = one("#copy span");
  label.dataset.t = "copied";
  label.textContent = say("copied");
  setTimeout(() => {
    label.dataset.t = "copy";
    label.textContent = say("copy");
  }, 1500);
}

// ------------------------------------------------------------------ words that the model never saw

let pause_words = null;
function check_words() {
  draw_marks();
  clearTimeout(pause_words);
  if (about.lab) pause_words = setTimeout(find_unknown, PAUSE_MS);
}
async function find_unknown() {
  const text = source.value;
  if (!text.trim() || text.length > 1000) {
    unknown = [];
  } else {
    try {
      const found = (await ask("lab/words", { text, model: model().name })).unknown;
      if (text !== source.value) return;
      unknown = found;
    } catch {
      unknown = []; // only a help; translating will say what is wrong
    }
  }
  draw_marks();
  tell_unknown();
}
function draw_marks() {
  const marks = one(".marks");
  marks.replaceChildren();
  let at = 0;
  // The server counts characters, JavaScript halves of some.
  const letters = [...source.value];
  for (const { word: found, start } of unknown) {
    const size = [...found].length;
    if (start < at || letters.slice(start, start + size).join("") !== found) continue;
    marks.append(letters.slice(at, start).join(""), make("u", found));
    at = start + size;
  }
  marks.append(letters.slice(at).join(""));
  marks.scrollTop = source.scrollTop;
}
function tell_unknown() {
  const place = byId("unknown");
  place.hidden = !unknown.length;
  place.replaceChildren(...unknown.map(({ word: found, start, neighbours }) => {
    const node = make("p");
    node.append(message("never_saw", { word: found }));
    if (neighbours.length) node.append(" ", message("instead"));
    for (const other of neighbours) {
      const button = make("button", other, { type: "button" });
      button.addEventListener("click", () => put_word(start, found, other));
      node.append(" ", button);
    }
    return node;
  }));
}
function put_word(start, found, other) {
  const letters = [...source.value];
  letters.splice(start, [...found].length, other);
  source.value = letters.join("");
  source.focus();
  check_words();
}

// ------------------------------------------------------------------ drawers

function sentence_button(text) {
  const button = make("button", text, { type: "button" });
  button.addEventListener("click", () => {
    if (view === "translate") source.value = text;
    else labText.value = text;
    changes = {};
    check_words();
    run();
  });
  return button;
}
async function learn() {
  nameLanguages();
  if (!about.lab) return;
  facts = await ask(`lab/about?model=${encodeURIComponent(model().name)}`);
  const list = one("#examples ul");
  list.replaceChildren(...facts.examples.map((text) => item(sentence_button(text))));
  if (!facts.examples.length) list.append(item(message("no_examples")));
  const tries = facts.examples.filter((_, index) => index % Math.ceil(facts.examples.length / NUM_TRIES) === 0);
  one(".tries").replaceChildren(...(tries.length ? [message("try"), ...tries.map(sentence_button)] : []));
  list_words();
}
function list_words() {
  const wanted = byId("filter").value.trim().toLowerCase();
  const found = facts.words.filter((one) => one.toLowerCase().includes(wanted));
  const count = facts.words.length ? message("known_count", { n: found.length }) : message("known_pieces");
  one("#known .count").replaceChildren(count);
  one("#known ul").replaceChildren(...found.slice(0, 400).map((one) => item(chip(one))));
}
function kept() {
  try {
    return JSON.parse(localStorage.getItem("dragoman.history") ?? "null");
  } catch {
    return null;
  }
}
function keep(text, made) {
  const before = kept();
  if (!before) return;
  const rest = before.filter((one) => one.text !== text);
  localStorage.setItem("dragoman.history", JSON.stringify([{ text, made }, ...rest].slice(0, NUM_KEPT)));
  list_history();
}
function list_history() {
  const entries = kept();
  byId("keep").checked = entries !== null;
  const list = one("#history ul");
  list.replaceChildren(...(entries ?? []).map(({ text, made }) => item(sentence_button(text), ` ${made}`)));
  if (!entries?.length) list.append(item(message("no_history")));
}

// ------------------------------------------------------------------ the lab

async function show_inside() {
  const wanted = view;
  const body = { text: labText.value, model: model().name };
  if (wanted === "steps" && Object.keys(changes).length) body.changes = changes;
  if (wanted === "compare") body.answer = byId("answer").value;
  if (wanted === "beam") body.beam_size = Number(byId("beam-size").value) || 4;
  remember();
  await attempt(byId("shown"), async (now) => {
    const html = await ask(`lab/${wanted}`, body);
    if (!now() || wanted !== view) return;
    const step = current;
    const opened = all("#shown .changed, #shown .pair").length > 0;
    // The server has escaped every word of the person's and the model's.
    byId("shown").innerHTML = html;
    open_trace();
    translate(byId("shown"));
    if (trace && opened && body.changes) show(Math.min(step, rows.length - 1));
  });
}
function choose(step, id) {
  const said = trace.steps.slice(0, step).map((one) => one.choice_id);
  change({ said: [...said, id] });
}
function hide(position) {
  const hidden = new Set(trace.changes.hidden);
  if (!hidden.delete(position)) hidden.add(position);
  // What was chosen before still stands; what follows is written anew.
  change({ hidden: [...hidden].sort((a, b) => a - b) });
}
function change(more) {
  changes = { ...trace.changes, ...more };
  for (const name of ["said", "hidden"]) if (!changes[name]?.length) delete changes[name];
  if (!changes.blend) delete changes.blend;
  show_inside();
}

// ------------------------------------------------------------------ what the person does

document.addEventListener("click", (event) => {
  const target = event.target.closest("button, a");
  if (!target) return;
  if (target.matches("[role=tab]")) turn_to(target.dataset.view);
  else if (target.matches(".choose")) choose(Number(target.dataset.step), Number(target.dataset.id));
  else if (target.matches(".hide")) hide(Number(target.dataset.hide));
  else if (target.matches(".undo")) {
    changes = {};
    show_inside();
  } else if (target.matches("#copy")) copy();
  else if (target.matches("#look")) turn_to("steps");
  else if (target.matches(".language")) after_speaking();
  else if (target.matches(".map a, .skip")) {
    // The # is where we are, not where to scroll to.
    event.preventDefault();
    const place = one(target.getAttribute("href"));
    place.scrollIntoView();
    if (target.matches(".skip")) place.focus();
  }
});
function after_speaking() {
  nameLanguages();
  if (model()) all("#model option").forEach(name_model);
}
document.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.target.matches(".blend")) {
    const form = event.target.elements;
    const share = Number(form.share.value) / 100;
    change({ blend: share ? { text: form.other.value, share } : null });
    return;
  }
  changes = {};
  if (event.target.id === "lab") source.value = labText.value;
  run();
});
source.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  byId("translate").requestSubmit();
});
source.addEventListener("input", check_words);
source.addEventListener("scroll", () => { one(".marks").scrollTop = source.scrollTop; });
byId("filter").addEventListener("input", list_words);
byId("keep").addEventListener("change", (event) => {
  if (event.target.checked) localStorage.setItem("dragoman.history", "[]");
  else localStorage.removeItem("dragoman.history");
  list_history();
});
byId("model").addEventListener("change", async () => {
  changes = {};
  unknown = [];
  await begin_with(learn);
  check_words();
  run();
});
one("[role=tablist]").addEventListener("keydown", (event) => {
  const tabs = all("[role=tab]:not([hidden])");
  const at = tabs.indexOf(document.activeElement);
  const moves_to = {
    ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1,
  }[event.key];
  if (moves_to === undefined || at < 0) return;
  event.preventDefault();
  const next = tabs[(moves_to + tabs.length) % tabs.length];
  next.focus();
  turn_to(next.dataset.view);
});
addEventListener("hashchange", recall);

// ------------------------------------------------------------------ begin

function name_model(option) {
  const { name, source: src, target: tgt, description } = models.find((one) => one.name === option.value);
  const names = [languageName(src), languageName(tgt)];
  const pair = names.every(Boolean) ? `${names.join(" → ")} · ` : "";
  option.textContent = `${pair}${name}`;
  option.title = description;
}
async function begin_with(work) {
  try {
    await work();
    complain("");
  } catch (error) {
    complain(error.message);
  }
}
async function begin() {
  models = (await ask("v1/models")).models;
  byId("model").replaceChildren(...models.map(({ name }) => make("option", name, { value: name })));
  all("#model option").forEach(name_model);
  recall();
  await learn();
  if (source.value) check_words();
}
for (const node of all(".of-lab")) node.hidden = !about.lab;
one(".key").hidden = !about.keys;
if (about.logged) {
  one("footer [data-t]").dataset.t = "privacy_logged";
  translate(one("footer"));
}
byId("key").addEventListener("change", () => begin_with(begin));
list_history();
show_view("translate");
begin_with(begin);
