/**
 * Makes what a line declares outlive the line: `const` and `let` become global variables (declared anew as often as one
 * likes), a class becomes a variable, an import becomes an await of `import()`. Everything else stays where it was, so
 * that positions in errors are those of what was typed.
 */
import { suggestion } from "../core/suggest.ts";
import { beginsStatement, tokensOf, type Token } from "./line-tokens.ts";
import { WILCO_EXPORTS } from "./wilco-exports.ts";

export interface RewrittenLine {
  code: string;
  /** What it declares. */
  names: string[];
  /** Those of `names` that are constant until they are declared anew. */
  constants: string[];
  /** See Tokens. */
  open: boolean;
}

interface Edit {
  start: number;
  end: number;
  text: string;
}

export function rewriteLine(source: string): RewrittenLine {
  const { tokens, open } = tokensOf(source);
  const edits: Edit[] = [];
  const names = new Set<string>();
  const constants = new Set<string>();

  for (const [index, token] of tokens.entries()) {
    if (token.kind !== "word" || token.depth > 0 || tokens[index - 1]?.text === ".") continue;
    const next = tokens[index + 1];
    if (!next) continue;
    switch (token.text) {
      case "const":
      case "let":
      case "var": {
        if (token.text === "let" && next.kind !== "word" && next.text !== "{" && next.text !== "[") break;
        edits.push({ start: token.start, end: token.end, text: "var".padEnd(token.text.length) });
        for (const name of declaredNames(tokens, index + 1)) {
          names.add(name);
          if (token.text === "const") constants.add(name);
        }
        break;
      }
      case "class": {
        const end = next.kind === "word" && atStart(tokens, index) ? bodyEnd(tokens, index) : undefined;
        if (end === undefined) break;
        names.add(next.text);
        edits.push({ start: token.start, end: token.start, text: `var ${next.text}=` });
        edits.push({ start: end, end, text: ";" });
        break;
      }
      case "function": {
        const name = next.text === "*" ? tokens[index + 2] : next;
        const start = tokens[index - 1]?.text === "async" ? index - 1 : index;
        if (name?.kind === "word" && atStart(tokens, start)) names.add(name.text);
        break;
      }
      case "export": {
        // Pasted from a module: the declaration is what is wanted.
        if (!atStart(tokens, index) || next.text === "{" || next.text === "*") break;
        const last = next.text === "default" ? next : token;
        edits.push({ start: token.start, end: last.end, text: " ".repeat(last.end - token.start) });
        break;
      }
      case "import": {
        const edit = atStart(tokens, index) ? importEdit(source, tokens, index, names) : undefined;
        if (edit) edits.push(edit);
        break;
      }
    }
  }
  return { code: applied(source, edits), names: [...names], constants: [...constants], open };
}

function atStart(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1];
  if (before?.text === "export" || (before?.text === "default" && tokens[index - 2]?.text === "export")) return true;
  return beginsStatement(before, tokens[index]!);
}

function applied(source: string, edits: readonly Edit[]): string {
  let code = "";
  let at = 0;
  for (const { start, end, text } of edits.toSorted((a, b) => a.start - b.start)) {
    code += source.slice(at, start) + text;
    at = end;
  }
  return code + source.slice(at);
}

/** The names of a declaration whose first target is tokens[from]; initialisers are skipped. */
function declaredNames(tokens: readonly Token[], from: number): string[] {
  const names: string[] = [];
  let at = from;
  while (at < tokens.length) {
    const target = tokens[at]!;
    if (target.text === "{" || target.text === "[") {
      const end = closing(tokens, at);
      names.push(...patternNames(tokens, at, end));
      at = end + 1;
    } else if (target.kind === "word") {
      names.push(target.text);
      at++;
    } else break;
    // To the comma before the next target, or to where the statement ends.
    while (at < tokens.length) {
      const token = tokens[at]!;
      if (token.depth === 0 && (token.text === "," || token.text === ";" || beginsAnother(tokens, at))) break;
      at++;
    }
    if (tokens[at]?.text !== ",") break;
    at++;
  }
  return names;
}

/** A new line that the statement before does not go on to: it begins with a word, after a value. */
function beginsAnother(tokens: readonly Token[], at: number): boolean {
  return tokens[at]!.kind === "word" && beginsStatement(tokens[at - 1], tokens[at]!) && tokens[at]!.newLine;
}

/** `{ a, b: c, d = 1, ...e }` and `[f, [g]]`: the words that are bound. */
function patternNames(tokens: readonly Token[], open: number, close: number): string[] {
  const names: string[] = [];
  const { depth } = tokens[open]!;
  let inDefault = false;
  for (let at = open + 1; at < close; at++) {
    const token = tokens[at]!;
    if (token.text === "," && token.depth === depth + 1) inDefault = false;
    else if (token.text === "=" && token.depth === depth + 1) inDefault = true;
    else if (inDefault) continue;
    else if (token.text === "{" || token.text === "[") {
      const end = closing(tokens, at);
      // `[key]: value` is a computed name, not a pattern.
      if (tokens[end + 1]?.text !== ":") names.push(...patternNames(tokens, at, end));
      at = end;
    } else if (token.kind === "word" && tokens[at + 1]?.text !== ":") names.push(token.text);
  }
  return names;
}

/** The index of the bracket that closes tokens[open]; the last token when there is none. */
function closing(tokens: readonly Token[], open: number): number {
  const { depth } = tokens[open]!;
  const found = tokens.findIndex(
    (token, index) => index > open && token.depth === depth && [")", "]", "}"].includes(token.text),
  );
  return found < 0 ? tokens.length - 1 : found;
}

/** Where the body of the class at tokens[index] ends; undefined when it does not. */
function bodyEnd(tokens: readonly Token[], index: number): number | undefined {
  const open = tokens.findIndex((token, at) => at > index && token.depth === 0 && token.text === "{");
  if (open < 0) return undefined;
  const close = tokens[closing(tokens, open)]!;
  return close.text === "}" && close.depth === 0 ? close.end : undefined;
}

/** `import d, { a as b } from "x"` as awaited declarations. Undefined for `import(…)`, `import.meta` and half of one. */
function importEdit(source: string, tokens: readonly Token[], index: number, names: Set<string>): Edit | undefined {
  const start = tokens[index]!.start;
  const from = tokens.findIndex((token, at) => at > index && token.kind === "string");
  const first = tokens[index + 1]!;
  if (from < 0 || first.text === "(" || first.text === ".") return undefined;
  const specifier = tokens[from]!;
  let last = from;
  if (tokens[from + 1]?.text === "with") last = closing(tokens, Math.min(from + 2, tokens.length - 1));
  const { end } = tokens[last]!;
  const lines = source.slice(start, end).replace(/[^\n]/g, "");
  const edit = (text: string): Edit => ({ start, end, text: `${text}${lines}` });
  const awaited = `await import(${specifier.text})`;
  if (from === index + 1) return edit(`void ${awaited}`);
  if (first.text === "type" && tokens[index + 2]?.text !== "from") return edit("");

  const targets: string[] = [];
  let namespace: string | undefined;
  for (let at = index + 1; at < from; at++) {
    const token = tokens[at]!;
    if (token.kind !== "word" && token.text !== "*") continue;
    if (token.text === "from" && token.depth === 0 && at === from - 1) break;
    if (token.text === "type" && tokens[at + 1]?.kind === "word" && tokens[at + 1]!.text !== "as") {
      at += tokens[at + 2]?.text === "as" ? 3 : 1;
      continue;
    }
    const renamed = tokens[at + 1]?.text === "as" ? tokens[at + 2] : undefined;
    const local = renamed?.text ?? token.text;
    const exported = token.depth === 0 && token.text !== "*" ? "default" : token.text;
    names.add(local);
    if (token.text === "*") namespace = local;
    else targets.push(target(exported, local, specifier.text));
    if (renamed) at += 2;
  }
  if (namespace === undefined) return edit(`var {${targets.join(",")}} = ${awaited}`);
  const rest = targets.length === 0 ? "" : `, {${targets.join(",")}} = ${namespace}`;
  return edit(`var ${namespace} = ${awaited}${rest}`);
}

/** A name that the module does not export is an error, as it is in a script; a plain pattern would give undefined. */
function target(exported: string, local: string, specifier: string): string {
  const near = /^["']wilco["']$/.test(specifier) ? suggestion(exported, WILCO_EXPORTS) : undefined;
  const hint = near?.startsWith("Did") ? `. ${near}` : "";
  const message = JSON.stringify(`${specifier} exports no ${exported}${hint}`);
  return `${exported}: ${local} = (() => { throw new SyntaxError(${message}); })()`;
}
