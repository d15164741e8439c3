/** A process in a real pseudo-terminal, and the screen that a person would see of it. */
import { spawn } from "@lydell/node-pty";
import xterm from "@xterm/headless";

export interface Terminal {
  /** Bytes as the keyboard sends them. */
  write(text: string): void;
  /** Keys by name: "Enter", "Tab", "Left", "Right", "Up", "Down", "C-a" … "C-z", or a character. */
  press(...keys: string[]): void;
  resize(columns: number, rows: number): void;
  /** The lines that are on the screen, without what is empty at their ends and below. */
  text(): string;
  /** Resolves with the exit code when the process has ended. */
  ended: Promise<number>;
  /** Kills what still runs. */
  close(): void;
}

export interface TerminalOptions {
  command: readonly string[];
  env: Record<string, string>;
  cwd: string;
  columns: number;
  rows: number;
}

const KEYS: Record<string, string> = {
  Enter: "\r",
  Tab: "\t",
  Up: "\u001b[A",
  Down: "\u001b[B",
  Right: "\u001b[C",
  Left: "\u001b[D",
};

export function openTerminal({ command, env, cwd, columns, rows }: TerminalOptions): Terminal {
  const [file = "", ...args] = command;
  const screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  const pty = spawn(file, args, { name: "xterm-256color", cols: columns, rows, cwd, env });
  let open = true;
  pty.onData((data) => screen.write(data));
  // What the terminal answers by itself: where the cursor is, what it can do.
  screen.onData((answer) => {
    if (open) pty.write(answer);
  });
  const ended = new Promise<number>((resolve) => {
    pty.onExit(({ exitCode }) => {
      open = false;
      // The screen takes in what it is given later, in order.
      screen.write("", () => resolve(exitCode));
    });
  });
  return {
    write: (text) => pty.write(text),
    press(...keys) {
      for (const key of keys) pty.write(bytesOf(key));
    },
    resize(width, height) {
      screen.resize(width, height);
      pty.resize(width, height);
    },
    text() {
      const { active } = screen.buffer;
      const lines = Array.from({ length: screen.rows }, (_, row) =>
        (active.getLine(active.baseY + row)?.translateToString(true) ?? "").trimEnd(),
      );
      return lines.join("\n").trimEnd();
    },
    ended,
    close() {
      if (open) pty.kill("SIGKILL");
      screen.dispose();
    },
  };
}

function bytesOf(key: string): string {
  const control = /^C-([a-z])$/.exec(key);
  if (control) return String.fromCharCode(control[1]!.charCodeAt(0) & 31);
  return KEYS[key] ?? key;
}
