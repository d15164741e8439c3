/** The shell in a real pseudo-terminal: keys go in, what a person would see comes out. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { CLI_FILE } from "../support/cli.ts";
import { openTerminal } from "../support/terminal.ts";

export interface Screen {
  /** Text as it is, key by key. */
  type(text: string): void;
  /** Keys by name: "Enter", "Tab", "Up", "C-c". */
  press(...keys: string[]): void;
  /** A line and Enter. */
  enter(text: string): void;
  /** As the terminal's paste does. */
  paste(text: string): void;
  resize(columns: number, rows: number): void;
  /** What is seen now, with times and addresses replaced; behind it "ended with CODE" when it has ended. */
  text(): string;
  /** Resolves with what is seen as soon as the pattern matches it. */
  shows(pattern: RegExp): Promise<string>;
  /**
   * Presses Tab until what it gives is seen. A Tab answers in 150 ms or says nothing: on a busy machine, and before the
   * names have come, it takes another, as it takes a person another.
   */
  tab(pattern: RegExp): Promise<string>;
  /** A shell's prompt stands on the last line, with nothing behind it. */
  prompt(): Promise<string>;
}

export interface ScreenOptions {
  env: Record<string, string>;
  cwd: string;
  args?: string[];
  columns?: number;
  rows?: number;
}

/** How long something may take to appear; it is there much earlier, or never. */
const PATIENCE = 20_000;
const LOOK = 40;
/** Between two Tabs of which the first said nothing. */
const AGAIN = 2_000;
const PROMPT = /^\S+@SERVER>$/;

export function openScreen({ env, cwd, args = ["shell"], columns = 100, rows = 40 }: ScreenOptions): Screen {
  const terminal = openTerminal({
    command: [process.execPath, CLI_FILE, ...args],
    env: { ...env, PATH: process.env["PATH"] ?? "", LANG: "C.UTF-8" },
    cwd,
    columns,
    rows,
  });
  onTestFinished(() => terminal.close());
  let end = "";
  let typed = "";
  void terminal.ended.then((code) => (end = `\nended with ${code}`));

  function text(): string {
    return `${terminal.text()}${end}`
      .replace(/127\.0\.0\.1:\d+/g, "SERVER")
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "TIME")
      .replace(/\b\d+(\.\d+)?(ms|s|m|h)( \d+(\.\d+)?(ms|s|m))*( ago)?\b/g, "AGO");
  }

  async function until(matches: (seen: string) => boolean, what: string, again = () => {}): Promise<string> {
    const deadline = performance.now() + PATIENCE;
    let next = performance.now() + AGAIN;
    for (;;) {
      const seen = text();
      if (matches(seen)) return seen;
      if (performance.now() > next) {
        again();
        next = performance.now() + AGAIN;
      }
      if (performance.now() > deadline) throw new Error(`The screen never showed ${what}:\n${seen}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
  }

  return {
    type(what) {
      terminal.write(what);
      typed = what;
    },
    press: (...keys) => terminal.press(...keys),
    enter(what) {
      terminal.write(what);
      terminal.press("Enter");
    },
    // As a terminal without bracketed paste does: a line end is the Enter key.
    paste: (what) => terminal.write(what.replaceAll("\n", "\r")),
    resize: (width, height) => terminal.resize(width, height),
    text,
    shows: (pattern) => until((seen) => pattern.test(seen), String(pattern)),
    async tab(pattern) {
      const press = (): void => terminal.press("Tab");
      // A Tab that comes together with text is a pasted one, and stays a Tab.
      await until((seen) => (seen.split("\n").at(-1) ?? "").includes(typed.trim()), typed);
      press();
      return until((seen) => pattern.test(seen), String(pattern), press);
    },
    prompt: () => until((seen) => PROMPT.test(seen.split("\n").at(-1) ?? ""), "a prompt"),
  };
}

/** Surroundings in which a shell finds a server by its URL, with a state directory of its own. */
export function shellEnvironment(world: { url: string; dir: string; env: Record<string, string | undefined> }) {
  const state = mkdtempSync(join(tmpdir(), "wilco-shell-"));
  onTestFinished(() => rmSync(state, { recursive: true, force: true }));
  const env: Record<string, string> = {
    HOME: state,
    WILCO_DATA_DIR: join(state, "data"),
    WILCO_SERVER: world.url,
    WILCO_TOKEN: readFileSync(join(world.dir, "data", "admin.token"), "utf8").trim(),
    XDG_CACHE_HOME: world.env["XDG_CACHE_HOME"] ?? join(state, "cache"),
    TZ: "UTC",
    CI: "",
    NO_COLOR: "",
  };
  return { env, state };
}
