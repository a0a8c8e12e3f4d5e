// Text → tokens of the filter language, as the service reads it.

export interface Token {
  kind: "open" | "close" | "comma" | "minus" | "comparator" | "word" | "quoted";
  text: string;
  /** Where unescaped wildcards stand in `text`. */
  wildcards: number[];
  start: number;
  end: number;
}

const symbols: [RegExp, Token["kind"]][] = [
  [/^\(/, "open"],
  [/^\)/, "close"],
  [/^,/, "comma"],
  [/^-/, "minus"],
  [/^(?:!=|<=|>=|<|>|=|:)/, "comparator"],
];

const instant = /^\d{4}-\d{2}-\d{2}[Tt][\d:.]*(?:[Zz]|[+-]\d{2}:\d{2})?/;
const escapes: Record<string, string> = { n: "\n", r: "\r", t: "\t" };

/** `undefined` when the text isn't of the language. */
export function tokenize(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  let position = 0;
  while (position < text.length) {
    const rest = text.slice(position);
    const space = /^\s+/.exec(rest);
    if (space) {
      position += space[0].length;
      continue;
    }
    const token = symbolAt(rest, position) ?? (/^["']/.test(rest) ? quotedAt(text, position) : wordAt(rest, position));
    if (!token) return undefined;
    tokens.push(token);
    position = token.end;
  }
  return tokens;
}

function symbolAt(rest: string, start: number): Token | undefined {
  for (const [pattern, kind] of symbols) {
    const found = pattern.exec(rest);
    if (found) return { kind, text: found[0], wildcards: [], start, end: start + found[0].length };
  }
  return undefined;
}

function quotedAt(source: string, start: number): Token | undefined {
  const quote = source[start];
  const wildcards: number[] = [];
  let text = "";
  for (let place = start + 1; place < source.length; place += 1) {
    const character = source[place] ?? "";
    if (character === "\\") {
      place += 1;
      const escaped = source[place];
      if (escaped === undefined || !/["'\\*nrt]/.test(escaped)) return undefined;
      text += escapes[escaped] ?? escaped;
    } else if (character === quote && source[place + 1] === quote) {
      text += character;
      place += 1;
    } else if (character === quote) {
      return { kind: "quoted", text, wildcards, start, end: place + 1 };
    } else {
      if (character === "*") wildcards.push(text.length);
      text += character;
    }
  }
  return undefined;
}

function wordAt(rest: string, start: number): Token | undefined {
  const found = instant.exec(rest)?.[0] ?? /^(?:[^\s(),=<>"':!\\]|!(?!=))+/.exec(rest)?.[0];
  if (!found) return undefined;
  const wildcards = [...found].flatMap((character, place) => (character === "*" ? [place] : []));
  return { kind: "word", text: found, wildcards, start, end: start + found.length };
}
