/** The shell in a real pseudo-terminal, through tmux: keys go in, what a person would see comes out. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { CLI_FILE } from "../support/cli.ts";

export interface Screen {
  /** Text as it is, key by key. */
  type(text: string): void;
  /** Keys by tmux's names: "Enter", "C-c", "Up". */
  press(...keys: string[]): void;
  /** A line and Enter. */
  enter(text: string): void;
  /** As the terminal's paste does. */
  paste(text: string): void;
  resize(columns: number, rows: number): void;
  /** What is seen now, with times and addresses replaced. */
  text(): string;
  /** Resolves with what is seen as soon as the pattern matches it. */
  shows(pattern: RegExp): Promise<string>;
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
const PROMPT = /^\S+@SERVER>$/;

let sockets = 0;

export function openScreen({ env, cwd, args = ["shell"], columns = 100, rows = 40 }: ScreenOptions): Screen {
  if (spawnSync("tmux", ["-V"]).error) {
    throw new Error(
      "These tests need tmux: install it with your package manager (apt install tmux, brew install tmux).",
    );
  }
  const socket = `wilco-test-${process.pid}-${++sockets}`;
  const tmux = (...words: string[]): string => execFileSync("tmux", ["-L", socket, ...words], { encoding: "utf8" });
  const command = [process.execPath, CLI_FILE, ...args].map((word) => `'${word}'`).join(" ");
  const variables = { ...env, PATH: process.env["PATH"] ?? "", LANG: "C.UTF-8" };
  const size = ["-x", String(columns), "-y", String(rows)];
  const settings = Object.entries(variables).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  const start = ["-f", "/dev/null", "new-session", "-d", "-c", cwd];
  tmux(...start, ...size, ...settings, `${command}; echo "ended with $?"; exec cat`);
  onTestFinished(() => {
    spawnSync("tmux", ["-L", socket, "kill-server"]);
  });

  function text(): string {
    return tmux("capture-pane", "-p")
      .trimEnd()
      .replace(/127\.0\.0\.1:\d+/g, "SERVER")
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "TIME")
      .replace(/\b\d+(\.\d+)?(ms|s|m|h)( \d+(\.\d+)?(ms|s|m))*( ago)?\b/g, "AGO");
  }

  async function until(matches: (seen: string) => boolean, what: string): Promise<string> {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const seen = text();
      if (matches(seen)) return seen;
      if (performance.now() > deadline) throw new Error(`The screen never showed ${what}:\n${seen}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
  }

  return {
    type: (what) => void tmux("send-keys", "-l", "--", what),
    press: (...keys) => void tmux("send-keys", ...keys),
    enter(what) {
      tmux("send-keys", "-l", "--", what);
      tmux("send-keys", "Enter");
    },
    paste(what) {
      tmux("set-buffer", "--", what);
      tmux("paste-buffer");
    },
    resize: (width, height) => void tmux("resize-window", "-x", String(width), "-y", String(height)),
    text,
    shows: (pattern) => until((seen) => pattern.test(seen), String(pattern)),
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
