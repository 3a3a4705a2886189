// Text to ids and back, as dragoman/text does it: normalise, cut, look up (words) or merge (BPE).

export const PAD = 0, UNK = 1, SOS = 2, EOS = 3;

const SPACE = "▁";
// What Python's str.split() takes for a space.
const BLANKS = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u;
const INVISIBLE =
  /[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;
const LETTER = "[\\p{L}\\p{M}\\p{N}_\\u200C\\u200D]";
const WORD = new RegExp(`${SPACE}?${LETTER}+(?:['’](?=${LETTER}))?`, "uy");
const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: "grapheme" });

// Python's " ".join(text.split()).
const respace = (text) => text.split(BLANKS).filter(Boolean).join(" ");

/** Unicode NFC, plain spaces, no invisible characters; and what the settings ask for. */
export function normalise(text, { lowercase, final_stop, hangul }) {
  text = text.replace(INVISIBLE, "").replace(/[\ud800-\udfff]/gu, "\ufffd");
  text = respace(text.replaceAll(SPACE, "_")).normalize("NFC");
  if (lowercase) text = text.toLowerCase().normalize("NFC");
  if (final_stop === "drop") text = text.replace(/(?<=[^.。\s])\s*[.。]$/u, "");
  if (hangul === "jamo") text = text.replace(/[\uac00-\ud7a3]+/gu, (found) => found.normalize("NFD"));
  return text;
}

/** Words with their elision, or any other single character as people count them. */
function cutWords(text) {
  const pieces = [];
  for (let at = 0; at < text.length; at += pieces.at(-1).length) {
    WORD.lastIndex = at;
    const word = WORD.exec(text);
    pieces.push(word ? word[0] : cutOther(text.slice(at)));
  }
  return pieces;
}

// A ▁ belongs to the character after it, unless that is a ▁ too.
function cutOther(text) {
  const space = text.startsWith(SPACE) ? SPACE : "";
  const rest = text.slice(space.length);
  if (space && (!rest || rest.startsWith(SPACE))) return space;
  const [first] = GRAPHEMES.segment(rest);
  return space + first.segment;
}

const CUTS = {
  words: cutWords,
  characters: (text) => [...text],
  spaced: (text) => text.match(/▁?[^▁]+|▁/gu) ?? [],
  whole: (text) => (text ? [text] : []),
  tagged: (text) => text.match(/▁?<[^<>▁]+>|[\s\S]/gu) ?? [],
};

/** The source's side. */
export class SourceTokenizer {
  constructor({ normaliser, cut, model, tokens, merges }) {
    this.normaliser = normaliser;
    this.cut = CUTS[cut];
    this.ids = new Map(tokens.map((token, id) => [token, id]));
    this.look = model === "BPE" ? (piece) => this.merge(piece) : (piece) => [this.ids.get(piece) ?? UNK];
    this.ranks = new Map(merges.map(([first, second], rank) => [`${first} ${second}`, rank]));
  }

  /** Turn a text into ids, without SOS and EOS. */
  encode(text) {
    const clean = normalise(text, this.normaliser);
    return clean ? this.cut(SPACE + clean.replaceAll(" ", SPACE)).flatMap(this.look) : [];
  }

  // Byte-pair encoding: of all pairs side by side, merge the one that was learned first, and again.
  merge(piece) {
    const parts = [...piece];
    for (;;) {
      let best = Infinity, place = -1;
      for (let at = 0; at + 1 < parts.length; at++) {
        const rank = this.ranks.get(`${parts[at]} ${parts[at + 1]}`) ?? Infinity;
        if (rank < best) [best, place] = [rank, at];
      }
      if (place < 0) return parts.map((part) => this.ids.get(part) ?? UNK);
      parts.splice(place, 2, parts[place] + parts[place + 1]);
    }
  }
}

/** The target's side. */
export class TargetTokenizer {
  constructor({ tokens, num_silent }) {
    this.tokens = tokens;
    this.numSilent = num_silent;
  }

  /** Turn ids into text; special tokens say nothing. */
  decode(ids) {
    const said = ids.filter((id) => id >= this.numSilent).map((id) => this.tokens[id]);
    return respace(said.join("").replaceAll(SPACE, " ")).normalize("NFC");
  }

  /** Name a token as people read it. */
  display(id) {
    return this.tokens[id].normalize("NFC").replace(/^▁/u, "") || "␣";
  }
}
