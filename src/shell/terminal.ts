/**
 * The shell at a terminal: node:repl with an eval, a completer and commands of our own. What of node:repl is worked
 * around: it runs pasted lines at the same time (gated-input.ts), keeps many lines as many entries (history-file.ts),
 * leaves at the second Ctrl-C, and has commands that mean nothing here.
 */
import { REPLServer, Recoverable, type ReplOptions } from "node:repl";
import { messageOf, WilcoError } from "../core/errors.ts";
import { commandIn, unknownCommand, type Command } from "./commands.ts";
import { createGatedInput, CTRL_R, TAB } from "./gated-input.ts";
import { createHistorySearch } from "./history-search.ts";
import { HISTORY_SIZE, type HistoryFile } from "./history-file.ts";
import type { LineRunner } from "./line-runner.ts";
import type { Completer } from "./ports.ts";

export interface TerminalOptions {
  input: NodeJS.ReadStream;
  output: NodeJS.WriteStream;
  prompt: string;
  history: HistoryFile;
  completer: Completer;
  runner: LineRunner;
  commands: readonly Command[];
  /** Ends the line that is evaluated. */
  interrupt: () => void;
  notice: (text: string) => void;
}

export interface Terminal {
  /** Resolves with the exit code when the person leaves. */
  ended: Promise<number>;
  confirm(question: string): Promise<boolean>;
  /** Writes something that no line printed: above the prompt, which is drawn anew below it. */
  above(text: string): void;
  /** Leaves, as .exit does. */
  close(): void;
}

/** Members of node:repl's server that its types leave out. */
interface Internals {
  commands: Record<string, unknown>;
  editorMode: boolean;
  history: string[];
  historyIndex: number;
}

type ServerOptions = Omit<ReplOptions, "eval"> & {
  historySize: number;
  eval: (source: string, context: unknown, file: string, done: (error: Error | null) => void) => void;
};

/** The types call the constructor private; Node's documentation does not. */
const Base = REPLServer as unknown as new (options: ServerOptions) => REPLServer;

/** A context would be a whole realm that nothing is ever evaluated in. */
class Server extends Base {
  createContext(): object {
    return {};
  }
}

export function openTerminal(options: TerminalOptions): Terminal {
  const { output, history, completer, runner, commands, interrupt, notice } = options;
  const ended = Promise.withResolvers<number>();
  const search = createHistorySearch({
    entries: () => history.entries,
    columns: () => output.columns || 80,
    write: (text) => output.write(text),
    done: (found) => {
      server.prompt(true);
      if (found) bringBack(found.index, found.run);
    },
  });
  const gate = createGatedInput({
    source: options.input,
    onInterrupt: interrupt,
    first(keys) {
      tabs = keys.every((key) => key === TAB) ? tabs + 1 : 0;
      const taken = search.take(keys);
      if (taken > 0 || keys[0] !== CTRL_R || internals.editorMode) return taken;
      search.begin();
      return 1;
    },
  });
  let exitCode = 0;
  let busy = false;
  let asking = false;
  /** The lines so far of an entry that is not complete. */
  let unfinished = "";
  /** Tabs in a row. */
  let tabs = 0;

  const server = new Server({
    prompt: options.prompt,
    input: gate.stream,
    output,
    terminal: true,
    preview: false,
    ignoreUndefined: true,
    historySize: HISTORY_SIZE,
    eval: (source, _context, _file, done) => void evaluate(source, done),
    completer: (_line: string, done: (error: null, result: [string[], string]) => void) => void complete(done),
  });
  const internals = server as unknown as Internals;
  internals.history = history.entries.map(toReadline);

  /** An entry of the history, to be edited or run, the way the Up key brings it. */
  function bringBack(index: number, run: boolean): void {
    server.write(null, { ctrl: true, name: "e" });
    server.write(null, { ctrl: true, name: "u" });
    internals.historyIndex = index - 1;
    server.write(null, { name: "up" });
    if (run) server.write(null, { name: "return" });
  }

  async function evaluate(typed: string, done: (error: Error | null) => void): Promise<void> {
    // Node parts the lines of an entry by carriage returns.
    const source = typed.replace(/\r\n?/g, "\n");
    if (source.trim() === "") return done(null);
    begin();
    try {
      const result = await runner.run(source);
      unfinished = result.kind === "unfinished" ? source : "";
      if (result.kind === "unfinished") return done(new Recoverable(new SyntaxError("unfinished")));
      remember(source);
      if (result.kind === "exit") return leave(result.exitCode);
      done(null);
    } catch (error) {
      unfinished = "";
      notice(`${sentences(error)}\n`);
      done(null);
    } finally {
      over();
    }
  }

  function begin(): void {
    busy = true;
    gate.hold();
  }

  function over(): void {
    busy = false;
    gate.release();
  }

  function remember(source: string): void {
    history.add(source);
    // Node's own list has a line for each line of an entry, in some versions and modes.
    internals.history = history.entries.map(toReadline);
  }

  async function command(name: string, rest: string, run: () => Promise<unknown>): Promise<void> {
    begin();
    if (name !== "") remember(`.${name} ${rest}`);
    try {
      const result = (await run()) as { kind?: string; exitCode?: number } | undefined;
      if (result?.kind === "exit") return leave(result.exitCode ?? 0);
    } catch (error) {
      notice(`${sentences(error)}\n`);
    } finally {
      over();
    }
    server.displayPrompt();
  }

  async function complete(done: (error: null, result: [string[], string]) => void): Promise<void> {
    // What stands behind the cursor too, of which Node says nothing: a quote is not closed twice.
    const { line, cursor } = server;
    const before = unfinished !== "" && !line.includes("\n") ? unfinished : "";
    const at = before.length + cursor;
    // Keys that come meanwhile are for the line as Tab leaves it.
    gate.hold();
    const { candidates, prefix, signature } = await completer.complete(before + line, at);
    if (tabs > 1 && signature !== undefined && signature !== "") {
      output.write(`\n${signature}\n`);
      server.prompt(true);
    }
    done(null, [candidates, prefix]);
    gate.release();
  }

  function leave(code: number): void {
    exitCode = code;
    server.close();
  }

  for (const name of Object.keys(internals.commands)) if (name !== "editor") delete internals.commands[name];
  for (const { name, help, run } of commands) {
    server.defineCommand(name, { help, action: (rest) => void command(name, rest, () => run(rest.trim())) });
  }
  const known = Object.keys(internals.commands);
  internals.commands = new Proxy(internals.commands, {
    get(target, name) {
      if (typeof name !== "string" || Object.hasOwn(target, name)) return target[name as string];
      // A line such as `.then(…)`, of an entry that is not complete, is no command.
      if (unfinished !== "" || !commandIn(`.${name}`)) return undefined;
      const action = () => void command("", "", () => Promise.reject(unknownCommand(name, known)));
      return { action };
    },
  });

  // Node's listener leaves at the second Ctrl-C; it is good for clearing what was typed.
  const [clearTyped] = server.listeners("SIGINT") as Array<() => void>;
  server.removeAllListeners("SIGINT");
  server.on("SIGINT", () => {
    if (asking) return;
    if (server.line !== "" || unfinished !== "" || internals.editorMode) {
      unfinished = "";
      clearTyped?.call(server);
      return;
    }
    output.write("\n");
    void command("", "", async () => {
      if (!(await runner.repeatNotice())) notice("(Ctrl-D or .exit leaves the shell)\n");
    });
  });
  server.on("exit", () => {
    options.input.setRawMode?.(false);
    ended.resolve(exitCode);
  });

  return {
    ended: ended.promise,
    close: () => server.close(),
    above(text) {
      if (busy) return notice(text);
      output.write("\r\u001b[J");
      notice(text.endsWith("\n") ? text : `${text}\n`);
      server.prompt(true);
    },
    confirm(question) {
      return new Promise((resolve) => {
        asking = true;
        gate.release();
        // Ctrl-C at the question is a no, as everything but a yes.
        const no = new AbortController();
        const onInterrupt = (): void => no.abort();
        server.prependOnceListener("SIGINT", onInterrupt);
        const answered = (yes: boolean): void => {
          server.off("SIGINT", onInterrupt);
          asking = false;
          gate.hold();
          resolve(yes);
        };
        const aborted = (): void => {
          output.write("\n");
          answered(false);
        };
        no.signal.addEventListener("abort", aborted, { once: true });
        server.question(`${question} [y/N] `, { signal: no.signal }, (answer) => {
          answered(/^\s*y(es)?\s*$/i.test(answer));
        });
      });
    },
  };
}

/** How Node keeps an entry: since version 24 its lines in reverse order, parted by carriage returns. */
function toReadline(entry: string): string {
  return Number.parseInt(process.versions.node, 10) >= 24 ? entry.split("\n").toReversed().join("\r") : entry;
}

function sentences(error: unknown): string {
  const hint = error instanceof WilcoError && error.hint !== undefined ? `\n  ${error.hint}` : "";
  return `error: ${messageOf(error)}${hint}`;
}
