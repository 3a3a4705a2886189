// The page: a box to write in, and the translation as it comes, token by token.

import { load } from "./model.js";

const MESSAGES = {
  en: {
    loading: "Loading the model…", ready: "Ready. Everything is computed in this browser; nothing is sent anywhere.",
    source: "Text", result: "Result", tokens: "Token by token", go: "Translate", search: "Search", greedy: "greedy",
    beam: "beam of {size}", took: "{count} tokens in {time} ms",
    failed: "The model cannot be loaded ({reason}). The folder needs a web server (python -m http.server), and onnxruntime-web in ort/ (dragoman export … --web --web-runtime DIR).",
    broke: "That did not work ({reason}).",
  },
  ko: {
    loading: "모델을 불러오는 중…", ready: "준비되었습니다. 모든 계산은 이 브라우저 안에서 이루어지며 아무것도 전송되지 않습니다.",
    source: "입력", result: "결과", tokens: "토큰별로", go: "번역", search: "탐색", greedy: "탐욕", beam: "빔 {size}",
    took: "토큰 {count}개, {time} ms",
    failed: "모델을 불러올 수 없습니다 ({reason}). 이 폴더는 웹 서버(python -m http.server)와 ort/ 안의 onnxruntime-web이 필요합니다(dragoman export … --web --web-runtime DIR).",
    broke: "처리하지 못했습니다 ({reason}).",
  },
};
const language = navigator.language.startsWith("ko") ? "ko" : "en";
const say = (key, values = {}) => MESSAGES[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const $ = (id) => document.getElementById(id);
const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

document.documentElement.lang = language;
for (const node of document.querySelectorAll("[data-t]")) node.textContent = say(node.dataset.t);

function showTokens(model, { ids, logProbs }) {
  $("tokens").replaceChildren(
    ...ids.map((id, step) => {
      const probability = Math.exp(logProbs[step]);
      const item = document.createElement("li"), token = document.createElement("bdi"), share = document.createElement("small");
      item.style.setProperty("--p", probability.toFixed(3));
      token.textContent = model.tgt.display(id);
      share.textContent = `${(100 * probability).toFixed(0)} %`;
      item.append(token, share);
      return item;
    }),
  );
}

// A newer wish stops the older one at its next step.
let turn = 0;
class Overtaken extends Error {}

async function answer(model) {
  const mine = ++turn, began = performance.now();
  const watch = async (said) => {
    $("result").textContent = model.tgt.decode(said.ids);
    showTokens(model, said);
    await frame();
    if (mine !== turn) throw new Overtaken();
  };
  try {
    const made = await model.translate($("source").value, Number($("beam").value), watch);
    if (mine !== turn) return;
    $("result").textContent = made.text;
    showTokens(model, made);
    $("status").textContent = say("took", { count: made.ids.length, time: Math.round(performance.now() - began) });
  } catch (error) {
    if (!(error instanceof Overtaken)) $("status").textContent = say("broke", { reason: error.message });
  }
}

async function begin() {
  const model = await load();
  const { about, search } = model.settings;
  document.title = $("about").textContent = about;
  for (const size of [...new Set([1, search.beam_size])]) {
    $("beam").add(new Option(size === 1 ? say("greedy") : say("beam", { size }), size));
  }
  $("beam").value = search.beam_size;
  $("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    answer(model);
  });
  $("source").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    $("ask").requestSubmit();
  });
  $("go").disabled = false;
  $("status").textContent = say("ready");
  return model;
}

// For whoever drives the page from a script: the model, or why there is none.
export const ready = begin();
ready.catch((error) => ($("status").textContent = say("failed", { reason: error.message })));
