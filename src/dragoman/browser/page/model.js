// A bundle in the browser: the two graphs on onnxruntime-web, between the tokenizers.

import { beamSearch, greedySearch } from "./search.js";
import { EOS, SourceTokenizer, TargetTokenizer } from "./tokens.js";

const read = async (name) => {
  const answer = await fetch(new URL(name, import.meta.url));
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return answer;
};
const bytes = async (name) => new Uint8Array(await (await read(name)).arrayBuffer());

/** Load everything from beside this file. */
export async function load() {
  const ort = await import("./ort/ort.wasm.min.mjs");
  ort.env.wasm.wasmPaths = new URL("ort/", import.meta.url).href;
  ort.env.wasm.numThreads = 1; // more need headers that a plain web server does not send
  ort.env.logLevel = "error";
  const [settings, encoder, step, weights] = await Promise.all([
    read("model.json").then((answer) => answer.json()),
    ...["encoder.onnx", "step.onnx", "weights.bin"].map(bytes),
  ]);
  const options = { executionProviders: ["wasm"], externalData: [{ path: "weights.bin", data: weights }] };
  return new Model(
    ort,
    settings,
    await ort.InferenceSession.create(encoder, options),
    await ort.InferenceSession.create(step, options),
  );
}

class Model {
  constructor(ort, settings, encoder, step) {
    Object.assign(this, { ort, settings, encoder, step });
    this.src = new SourceTokenizer(settings.src);
    this.tgt = new TargetTokenizer(settings.tgt);
  }

  /**
   * Translate one sentence.
   * @param beamSize hypotheses kept; 1 is greedy; what the recipe says unless given
   * @param watch called with {ids, logProbs} after each step
   * @returns {text, ids, logProbs, score}
   */
  async translate(text, beamSize = this.settings.search.beam_size, watch = undefined) {
    let ids = this.src.encode(text);
    if (this.settings.max_src_length != null) ids = ids.slice(0, this.settings.max_src_length);
    if (!ids.length) return { text: "", ids: [], logProbs: [], score: 0 };
    const { search } = this.settings;
    const maxLength = Math.ceil(ids.length * search.max_length_ratio) + search.max_length_extra;
    const stepper = await this.encode(ids);
    const run = beamSize === 1 ? greedySearch : beamSearch;
    const found = await run(stepper, { ...search, beam_size: beamSize, maxLength }, watch);
    return { ...found, text: this.tgt.decode(found.ids) };
  }

  /** Run the encoder; what comes back is what a search asks: start, step and select. */
  async encode(ids) {
    const whole = (numbers, shape) => new this.ort.Tensor("int64", BigInt64Array.from(numbers, BigInt), shape);
    const encoded = await this.encoder.run({ src: whole([...ids, EOS], [1, ids.length + 1]) });
    // What every step looks at: all that the step graph takes by the encoder's names.
    const seen = Object.fromEntries(
      this.step.inputNames.filter((name) => name in encoded).map((name) => [name, encoded[name]]),
    );
    const width = encoded.state.dims.at(-1);
    return {
      start: () => encoded.state.data,
      step: async (state, lastIds) => {
        const rows = lastIds.length;
        const taken = await this.step.run({
          ...seen,
          last_ids: whole(lastIds, [1, rows]),
          state_in: new this.ort.Tensor("float32", state, [1, rows, width]),
        });
        const { data } = taken.log_probs, size = data.length / rows;
        const logProbs = lastIds.map((_, row) => data.slice(row * size, (row + 1) * size));
        return { logProbs, state: taken.state.data };
      },
      select: (state, rows) => {
        const chosen = new Float32Array(rows.length * width);
        rows.forEach((row, place) => chosen.set(state.subarray(row * width, (row + 1) * width), place * width));
        return chosen;
      },
    };
  }
}
