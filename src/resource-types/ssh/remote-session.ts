/** One session on a host, from its start until our line runs there: login shell, sudo with its question, readiness. */
import type { ClientChannel } from "ssh2";
import { CONNECTION_LOST } from "../../domain/entry.ts";
import { OperationError } from "../operation-error.ts";
import { lastLines } from "../tail.ts";
import type { SshConnection } from "./connect.ts";
import { StaleConnection } from "./connections.ts";
import { openingLine, START } from "./shell-text.ts";

export interface RemoteSession {
  channel: ClientChannel;
  /** The process on the host from which everything in this session descends. */
  pid: number;
  /** What came on stdout and stderr behind the last word of the start; the rest comes from the channel. */
  stdout: Buffer;
  stderr: Buffer;
  /** As the host told it; null until then. */
  readonly exit: RemoteExit | null;
  /** Resolves when the host has told the exit. */
  exited: Promise<void>;
  /** Resolves when the channel is closed, by whomever. */
  closed: Promise<void>;
}

export interface RemoteExit {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

export interface RemoteStart {
  connection: SshConnection;
  /** In messages: "deploy@10.0.0.9". */
  host: string;
  token: string;
  become: { user: string; password: string | null } | null;
  /** The second line, see shell-text. */
  line: string;
  signal: AbortSignal;
}

/** What is read of a session that never starts, so that an endless greeting does not fill the memory. */
const MOST_GREETING = 256 * 1024;

/**
 * Nothing of ours runs on the host when this throws. From the moment in which the line is sent it may run, whether the host's
 * word of it arrives or not: what happens then, an abort or a lost connection, is left to whoever has the session.
 * @throws StaleConnection, or OperationError: `no_shell`, `become_refused`, `bad_cwd`, `command_not_found` and others.
 */
export async function startRemote(start: RemoteStart): Promise<RemoteSession> {
  const { channel, end } = await openChannel(start);
  try {
    return await untilStarted(channel, end, start);
  } catch (error) {
    channel.close();
    // Nobody reads it any more, and an error on it is nobody's.
    channel.on("error", () => {}).resume();
    channel.stderr.on("error", () => {}).resume();
    throw error;
  }
}

type End = ReturnType<typeof watchEnd>;

function openChannel({ connection, host }: RemoteStart): Promise<{ channel: ClientChannel; end: End }> {
  return new Promise((resolve, reject) => {
    // A connection that is gone calls nobody back.
    void connection.lost.then((why) => reject(stale(host, why)));
    try {
      connection.client.exec(START, (error, channel) => {
        // Watched at once: a shell that ends immediately says so in the same packet.
        if (!error) return resolve({ channel, end: watchEnd(channel) });
        reject(
          new OperationError({
            code: "ssh_refused",
            message: `${host} starts no session: ${error.message}.`,
            hint: "It may have too many sessions (MaxSessions of its sshd), or allow this user no commands.",
            source: "system",
            cause: error,
          }),
        );
      });
    } catch (error) {
      reject(stale(host, (error as Error).message));
    }
  });
}

function stale(host: string, why: string): StaleConnection {
  return new StaleConnection("the connection broke before anything was started", { cause: connectionLost(host, why) });
}

/** What `onLost: requeue` repeats; see docs/state-machine.md. */
export function connectionLost(host: string, why: string, end = ""): OperationError {
  return new OperationError({
    code: CONNECTION_LOST,
    message: `The connection to ${host} was lost (${why}) while the operation ran.${end}`,
    hint: "How far it got is not known: check the host before repeating it.",
    source: "system",
  });
}

function watchEnd(channel: ClientChannel) {
  let exit: RemoteExit | null = null;
  let isClosed = false;
  const exited = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  channel.on("exit", (code: number | null, signal?: string) => {
    exit = { exitCode: code, signal: (signal ?? null) as NodeJS.Signals | null };
    exited.resolve();
  });
  channel.on("close", () => {
    isClosed = true;
    closed.resolve();
  });
  return {
    get isClosed() {
      return isClosed;
    },
    get exit() {
      return exit;
    },
    exited: exited.promise,
    closed: closed.promise,
  };
}

async function untilStarted(channel: ClientChannel, end: End, start: RemoteStart): Promise<RemoteSession> {
  const { token, become, host, line, signal } = start;
  let stdout = Buffer.alloc(0);
  let stderr = Buffer.alloc(0);
  let pid = 0;
  let asked = false;
  let sent = false;
  channel.write(openingLine(token, become));
  return new Promise((resolve, reject) => {
    const onOut = (data: Buffer) => {
      stdout = Buffer.concat([stdout, data]);
      for (let word = nextWord(); word !== null; word = nextWord()) if (hear(word)) return;
      if (stdout.length > MOST_GREETING) settle(() => reject(noShell("it prints without end instead")));
    };
    const onError = (data: Buffer) => {
      stderr = Buffer.concat([stderr, data]).subarray(-MOST_GREETING);
      const question = `${token}?`;
      if (!stderr.includes(question)) return;
      stderr = Buffer.from(stderr.toString("utf8").replace(question, ""));
      const refusal = passwordRefusal();
      if (refusal !== null) return settle(() => reject(becomeRefused(refusal)));
      asked = true;
      channel.write(`${become!.password}\n`);
    };
    const onClose = () => settle(() => (sent && !end.exit ? resolve(unheard()) : reject(endedBefore())));
    const onAbort = () => settle(() => (sent ? resolve(unheard()) : reject(signal.reason as Error)));
    const session = () => Object.assign(end, { channel, pid, stdout, stderr });
    const unheard = () => Object.assign(session(), { stdout: Buffer.alloc(0) });

    /** The next line of ours on stdout; what a login script prints stands before it. */
    function nextWord(): string | null {
      const from = stdout.indexOf(`${token} `);
      const to = from < 0 ? -1 : stdout.indexOf("\n", from);
      if (to < 0) return null;
      const word = stdout.subarray(from + token.length + 1, to).toString("latin1");
      stdout = stdout.subarray(to + 1);
      return word;
    }

    /** @returns true when the start is over. */
    function hear(word: string): boolean {
      if (word.startsWith("pid ")) pid = Number(word.slice(4));
      else if (word === "ready") sendLine();
      else if (word === "started") settle(() => resolve(session()));
      else settle(() => reject(notStarted(word)));
      return word !== "ready" && !word.startsWith("pid ");
    }

    function sendLine(): void {
      sent = true;
      channel.write(line);
    }

    function passwordRefusal(): string | null {
      if (asked) return "the password is not right";
      return become?.password === null ? "it asks for a password, and the connection has none" : null;
    }

    function endedBefore(): Error {
      const said = lastLines(stderr.toString("utf8"), 1)[0];
      if (become && pid !== 0 && !sent) return becomeRefused(said ?? "it ended without a word");
      if (end.exit) return noShell(said ?? "it ended without a word");
      return new StaleConnection("lost", { cause: connectionLost(host, "it was closed while the session started") });
    }

    const noShell = (why: string) =>
      new OperationError({
        code: "no_shell",
        message: `${host} did not start /bin/sh: ${why}.`,
        hint: "The user needs a shell that runs commands; try: ssh HOST true.",
        source: "system",
      });
    const becomeRefused = (why: string) =>
      new OperationError({
        code: "become_refused",
        message: `sudo on ${host} does not let us become ${become!.user}: ${why.replace(/\.$/, "")}.`,
        hint: "Check become.password, and what sudo allows the user: sudo -l on the host.",
        source: "system",
      });

    function notStarted(word: string): OperationError {
      if (word === "no_sudo") return becomeRefused("sudo is not installed there");
      const known: Record<string, [code: string, message: string, hint: string]> = {
        bad_cwd: ["bad_cwd", "The working directory does not exist", "Correct cwd, or create the directory."],
        not_found: [
          "command_not_found",
          "The command was not found",
          "Install it, correct the name, or write its full path.",
        ],
        not_executable: ["command_not_executable", "The command may not be executed", "Check its permissions."],
      };
      const [code, message, hint] = known[word] ?? [
        "no_shell",
        `An unknown word came back, ${JSON.stringify(word)},`,
        "",
      ];
      return new OperationError({ code, message: `${message} on ${host}.`, hint });
    }

    function settle(act: () => void): void {
      channel.pause();
      channel.stderr.pause();
      channel.off("data", onOut).off("close", onClose);
      channel.stderr.off("data", onError);
      signal.removeEventListener("abort", onAbort);
      act();
    }

    channel.on("data", onOut);
    channel.stderr.on("data", onError);
    channel.on("close", onClose);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    else if (end.isClosed) onClose();
  });
}
