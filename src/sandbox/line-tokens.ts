/**
 * The tokens of a piece of JavaScript or TypeScript, as far as rewriting a line needs them: words, brackets, and where
 * strings, templates, comments and regular expressions end. It never fails: half-typed code is its daily bread.
 */

export interface Token {
  kind: "word" | "number" | "string" | "template" | "regex" | "punctuation";
  text: string;
  start: number;
  end: number;
  /** Brackets around it; of a bracket: those around the pair. */
  depth: number;
  /** A line break stands between it and the token before. */
  newLine: boolean;
}

export interface Tokens {
  tokens: Token[];
  /** A bracket, template or comment is still open at the end, and none is closed that was not opened. */
  open: boolean;
}

const CLOSER: Record<string, string> = { "(": ")", "[": "]", "{": "}" };
const WORD = /[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /\d[\w.]*/y;
/** After these words a slash begins a regular expression, and a class or function is a value. */
const OPERATOR_WORDS = new Set(
  "return typeof instanceof in of new delete void throw case do else await yield extends default".split(" "),
);

export function tokensOf(source: string): Tokens {
  const tokens: Token[] = [];
  /** Closing brackets that are due; "`" for the template around an expression. */
  const due: string[] = [];
  let at = 0;
  let newLine = false;
  let unfinished = false;
  let mismatched = false;

  function add(kind: Token["kind"], end: number, depth = due.length): void {
    tokens.push({ kind, text: source.slice(at, end), start: at, end, depth, newLine });
    newLine = false;
    at = end;
  }

  function match(pattern: RegExp): number {
    pattern.lastIndex = at;
    return pattern.test(source) ? pattern.lastIndex : at;
  }

  /** From inside a template to its end, or to the expression that interrupts it. */
  function template(from: number): void {
    let end = from;
    while (end < source.length && source[end] !== "`") {
      if (source[end] === "\\") end++;
      else if (source[end] === "$" && source[end + 1] === "{") {
        due.push("`");
        add("template", end + 2, due.length - 1);
        return;
      }
      end++;
    }
    if (end >= source.length) unfinished = true;
    add("template", Math.min(end + 1, source.length));
  }

  while (at < source.length) {
    const char = source[at]!;
    const two = source.slice(at, at + 2);
    if (char === "\n") newLine = true;
    if (/\s/.test(char)) at++;
    else if (two === "//") at = endOf(source, "\n", at);
    else if (two === "/*") {
      const end = source.indexOf("*/", at + 2);
      unfinished ||= end < 0;
      newLine ||= source.slice(at, end < 0 ? undefined : end).includes("\n");
      at = end < 0 ? source.length : end + 2;
    } else if (char === '"' || char === "'") add("string", stringEnd(source, at));
    else if (char === "`") template(at + 1);
    else if (char in CLOSER) {
      due.push(CLOSER[char]!);
      add("punctuation", at + 1, due.length - 1);
    } else if (char === "}" && due.at(-1) === "`") {
      due.pop();
      template(at + 1);
    } else if (char === ")" || char === "]" || char === "}") {
      if (due.pop() !== char) mismatched = true;
      add("punctuation", at + 1);
    } else if (char === "/" && beginsValue(tokens.at(-1))) add("regex", regexEnd(source, at));
    else if (match(NUMBER) > at) add("number", match(NUMBER));
    else if (match(WORD) > at) add("word", match(WORD));
    else add("punctuation", at + (two === "=>" ? 2 : 1));
  }
  return { tokens, open: !mismatched && (unfinished || due.length > 0) };
}

/** A value may begin after this token: it is an operator, an opening bracket, or nothing. */
export function beginsValue(before: Token | undefined): boolean {
  if (!before) return true;
  if (before.kind === "word") return OPERATOR_WORDS.has(before.text);
  if (before.kind === "template") return before.text.endsWith("${");
  return before.kind === "punctuation" && ![")", "]"].includes(before.text);
}

/** A statement may begin with `token`, which comes after `before`. */
export function beginsStatement(before: Token | undefined, token: Token): boolean {
  if (!before || before.text === ";" || before.text === "}") return true;
  return token.newLine && !beginsValue(before);
}

function endOf(source: string, text: string, from: number): number {
  const end = source.indexOf(text, from);
  return end < 0 ? source.length : end;
}

function stringEnd(source: string, start: number): number {
  let end = start + 1;
  while (end < source.length && source[end] !== source[start] && source[end] !== "\n") {
    end += source[end] === "\\" ? 2 : 1;
  }
  return Math.min(end + 1, source.length);
}

function regexEnd(source: string, start: number): number {
  let end = start + 1;
  let inClass = false;
  while (end < source.length && source[end] !== "\n" && (inClass || source[end] !== "/")) {
    if (source[end] === "\\") end++;
    else if (source[end] === "[") inClass = true;
    else if (source[end] === "]") inClass = false;
    end++;
  }
  end++;
  while (/[a-z]/.test(source[end] ?? "")) end++;
  return Math.min(end, source.length);
}
