/** `console`, `log` and `table`: log, info and debug go to stdout, the rest to stderr. */
import { inspect } from "./inspect.ts";
import { formatTable } from "./table.ts";

export type Stream = "stdout" | "stderr";
export type Print = (stream: Stream, text: string) => void;

/** Much of Node's console; a subset of its methods. */
export type ScriptConsole = ReturnType<typeof createConsole>;

export interface ConsoleOptions {
  print: Print;
  /** ms, for time(). */
  now: () => number;
}

export function createConsole({ print, now }: ConsoleOptions) {
  let indent = "";
  const counts = new Map<string, number>();
  const starts = new Map<string, number>();

  const write = (stream: Stream, args: unknown[]): void => {
    const text = format(args);
    print(stream, `${indent === "" ? text : indent + text.replaceAll("\n", `\n${indent}`)}\n`);
  };
  const elapsed = (label: string): string => {
    const start = starts.get(label);
    return start === undefined ? `${label}: no such timer` : `${label}: ${(now() - start).toFixed(1)}ms`;
  };

  return {
    log: (...args: unknown[]) => write("stdout", args),
    info: (...args: unknown[]) => write("stdout", args),
    debug: (...args: unknown[]) => write("stdout", args),
    warn: (...args: unknown[]) => write("stderr", args),
    error: (...args: unknown[]) => write("stderr", args),
    trace: (...args: unknown[]) => {
      const frames = (new Error().stack ?? "")
        .split("\n")
        .filter((line) => line.trim() !== "" && !line.includes("wilco:"));
      write("stderr", [`Trace: ${format(args)}\n${frames.join("\n")}`]);
    },
    dir: (value: unknown, options?: { depth?: number }) =>
      write("stdout", [inspect(value, options?.depth === undefined ? {} : { depth: options.depth })]),
    table: (rows: unknown, columns?: string[]) => write("stdout", [formatTable(rows, columns)]),
    assert: (condition: unknown, ...args: unknown[]) => {
      if (!condition) write("stderr", args.length === 0 ? ["Assertion failed"] : ["Assertion failed:", ...args]);
    },
    group: (...args: unknown[]) => {
      if (args.length > 0) write("stdout", args);
      indent += "  ";
    },
    groupEnd: () => {
      indent = indent.slice(2);
    },
    count: (label = "default") => {
      const count = (counts.get(label) ?? 0) + 1;
      counts.set(label, count);
      write("stdout", [`${label}: ${count}`]);
    },
    countReset: (label = "default") => void counts.delete(label),
    time: (label = "default") => void starts.set(label, now()),
    timeLog: (label = "default", ...args: unknown[]) => write("stdout", [elapsed(label), ...args]),
    timeEnd: (label = "default") => {
      write("stdout", [elapsed(label)]);
      starts.delete(label);
    },
  };
}

/** Notes for the person who watches, on stderr, so that stdout stays what was asked for. */
export function createLog(print: Print) {
  const write = (prefix: string, args: unknown[]): void => print("stderr", `${prefix}${format(args)}\n`);
  return Object.assign((...args: unknown[]) => write("", args), {
    info: (...args: unknown[]) => write("", args),
    warn: (...args: unknown[]) => write("warning: ", args),
    error: (...args: unknown[]) => write("error: ", args),
  });
}

/** Node's util.format: `%s %d %i %f %j %o %O %%` in the first text, everything else appended. */
export function format(args: unknown[]): string {
  const [first, ...rest] = args;
  if (typeof first !== "string") return args.map(plain).join(" ");
  let used = 0;
  const text = first.replace(/%[sdifjoOc%]/g, (mark) => {
    if (mark === "%%") return used < rest.length || rest.length > 0 ? "%" : "%%";
    if (used >= rest.length) return mark;
    return formatOne(mark, rest[used++]);
  });
  return [text, ...rest.slice(used).map(plain)].join(" ");
}

function formatOne(mark: string, value: unknown): string {
  switch (mark) {
    case "%s":
      return plain(value);
    case "%d":
      return typeof value === "bigint" ? `${value}n` : typeof value === "symbol" ? "NaN" : String(Number(value));
    case "%i":
      return typeof value === "bigint" ? `${value}n` : String(Number.parseInt(String(value), 10));
    case "%f":
      return String(Number.parseFloat(String(value)));
    case "%j":
      return JSON.stringify(value) ?? "undefined";
    case "%c":
      return ""; // Style for browsers.
    default:
      return inspect(value);
  }
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : inspect(value);
}
