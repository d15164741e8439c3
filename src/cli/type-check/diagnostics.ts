/** What a compiler finds wrong, read from its plain output and shown with the line it is about. */
import { resolve } from "node:path";
import { suggestion } from "../../core/suggest.ts";
import type { Colours } from "../output/colours.ts";

export interface Diagnostic {
  /** Absolute. */
  file: string;
  /** From 1. */
  line: number;
  column: number;
  /** "TS2345", or "script_invalid" for what the sandbox would refuse. */
  code: string;
  message: string;
  hint?: string;
}

const HEAD = /^(.+?)\((\d+),(\d+)\): error (TS\d+): (.*)$/;

/**
 * The errors in the output of `tsc --pretty false`.
 * @param folder that its relative paths start from.
 */
export function readDiagnostics(text: string, folder: string): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const line of text.split(/\r?\n/)) {
    const head = HEAD.exec(line);
    if (head) {
      const [, file = "", row, column, code = "", message = ""] = head;
      found.push({ file: resolve(folder, file), line: Number(row), column: Number(column), code, message });
    } else if (/^\s+\S/.test(line)) {
      const last = found.at(-1);
      if (last) last.message += `\n${line.trimEnd()}`;
    }
  }
  return found;
}

/** The compiler speaks of types; people look for the resource they misspelt. */
export function explained(diagnostic: Diagnostic, resourceNames: () => string[]): Diagnostic {
  const name = /^Argument of type '"(.+)"' is not assignable to parameter of type 'keyof ResourceNames'/.exec(
    diagnostic.message,
  )?.[1];
  if (name !== undefined) {
    const near = suggestion(name, resourceNames(), "It lists");
    return {
      ...diagnostic,
      message: `The types file lists no resource "${name}"`,
      hint: near?.startsWith("Did") ? near : 'Run "wilco typegen" when the resource is new.',
    };
  }
  if (diagnostic.code === "TS1294") {
    return {
      ...diagnostic,
      message: "This part of TypeScript can't be run by removing types",
      hint: "Write it without enum, namespace, parameter properties and `import x = …`.",
    };
  }
  // The compiler would have people install types of Node or of browsers.
  const missing =
    /^Cannot find name '([^']+)'(?=.*(?:install|'lib'))/.exec(diagnostic.message) ??
    /^Cannot find module '([^'.][^']*)'/.exec(diagnostic.message);
  if (missing) {
    const [message, what] = missing;
    const hint =
      what === "process"
        ? 'Import { args, env, exit } from "wilco": scripts do not run in Node.'
        : "Scripts have the language and what wilco exports, and neither Node's nor a browser's modules and globals.";
    return { ...diagnostic, message, hint };
  }
  return diagnostic;
}

export interface DiagnosticFormat {
  paint: Colours;
  /** Columns of the terminal; Infinity = never cut. */
  width: number;
}

/** "deploy.ts:3:7: …", the line, and a mark under the place. */
export function formatDiagnostic(
  diagnostic: Diagnostic,
  name: string,
  source: string,
  format: DiagnosticFormat,
): string {
  const { line, column, code, message, hint } = diagnostic;
  const { paint } = format;
  const lines = [
    `${paint.bold(`${name}:${line}:${column}:`)} ${message}${code.startsWith("TS") ? paint.dim(` (${code})`) : ""}`,
  ];
  const text = source.split(/\r?\n/)[line - 1];
  if (text !== undefined) {
    const margin = `${line}`.padStart(5);
    const { shown, at } = excerpt(text, column - 1, format.width - margin.length - 4);
    lines.push(`${paint.dim(`${margin} | `)}${shown}`);
    lines.push(`${paint.dim(`${" ".repeat(margin.length)} | `)}${" ".repeat(at)}${paint.red("^")}`);
  }
  if (hint !== undefined) lines.push(`  ${hint}`);
  return lines.join("\n");
}

/** As much of a line as fits, its place in it: a line that wraps would have the mark under nothing. */
function excerpt(line: string, offset: number, width: number): { shown: string; at: number } {
  // What a tab takes depends on the terminal.
  const text = line.replaceAll("\t", "  ");
  const at = line.slice(0, offset).replaceAll("\t", "  ").length;
  if (text.length <= width) return { shown: text, at };
  const room = Math.max(width - 2, 8);
  const from = Math.max(0, Math.min(at - Math.floor(room / 2), text.length - room));
  const part = text.slice(from, from + room);
  const before = from > 0 ? "…" : "";
  return { shown: `${before}${part}${from + room < text.length ? "…" : ""}`, at: at - from + before.length };
}
