/**
 * What the sandbox's thread does for a session that is typed line by line: as thread-run.ts, but the VM outlives errors,
 * interrupts and limits of computing time. Only used up memory, a fault of the engine, or work that can't be stopped
 * ends it; the main thread then starts another.
 */
import { openControl } from "./control.ts";
import { createEngine, EngineStopped, GuestFailed, type Uncompiled } from "./engine.ts";
import { spoiled } from "./guest-errors.ts";
import { isTold, readTold, type Told } from "./guest-messages.ts";
import { packSettlements, type ScriptError } from "./guest/wire.ts";
import { lineName, type FromInteractive, type LineStart, type ToInteractive } from "./interactive-messages.ts";
import { isUnfinished, readings } from "./interactive-line.ts";
import { createLoader } from "./loader.ts";
import type { ThreadData, ThreadEnd } from "./messages.ts";
import { createModuleSource } from "./module-source.ts";
import { GUEST_MAIN } from "./package-modules.ts";
import { finishError } from "./stacks.ts";
import { createOutbox } from "./thread-outbox.ts";
import { createStopwatch } from "./thread-stopwatch.ts";
import { createTranspiler } from "./transpile.ts";

export interface InteractivePort {
  send(message: FromInteractive): void;
  listen(receive: (message: ToInteractive) => void): void;
}

/**
 * What is left of an interrupted line gets this long in all, and each piece of it this long, ms. On a busy machine the
 * thread may not run for that long at all, and losing the variables for it would be wrong: time alone ends nothing, the
 * engine must have asked this often as well (it asks once in about 10,000 steps), and so many pieces must have been tried.
 */
const ENDING = { ms: 400, checks: 100, pieces: 16 };
const ENDING_PIECE = { ms: 25, checks: 5 };
/** Lines whose text is kept for errors of functions that they declared. */
const KEPT_LINES = 1_000;
/** Of what is ending, nothing but these is passed on: it must not start anything. */
const STILL_TAKEN = new Set(["clear", "healthy", "detached"]);
const REFUSED = JSON.stringify({ code: "interrupted", message: "The line was ended: nothing more is submitted" });

export async function runInteractiveThread({ send, listen }: InteractivePort, data: ThreadData): Promise<void> {
  const control = openControl(data.control);
  const transpiler = createTranspiler({ cacheDirectory: data.cacheDirectory });
  const loader = createLoader({ transpiler });
  const modules = createModuleSource(loader);
  const lines = new Map<string, string>();
  /** What lines that succeeded have declared, for hints; and what the current one declares besides. */
  const declared = new Set<string>();
  let declaring: string[] = [];
  /** Each line has the whole budget. */
  let stopwatch = createStopwatch({ control, budget: data.limits.cpu });
  let ended = false;
  /** When the piece of ending work that runs must stop; null = nothing is ending. */
  let ending: { until: number; checks: number } | null = null;
  let healthy = false;
  let current = 0;
  /** What was asked of the guest and is not answered yet. */
  let question: { method: "last" | "variables"; number: number } | null = null;
  /** What the guest told of its end was dropped: the reason it was stopped for is told instead. */
  let cut = false;

  const sourceOf = (file: string): string | undefined => lines.get(file) ?? loader.sourceOf(file);
  const outbox = createOutbox({
    limits: data.limits,
    lookups: data.lookups,
    control,
    send,
    blocked: (wait) => stopwatch.blocked(wait),
    fits: (characters) => engine.fits(characters),
    onTimer: (id) => turn(() => engine.send("settle", packSettlements([`[${id},1,null]`], []))),
    onEnd: (message) => end(message.kind === "exit" ? message : { kind: "failed", message: "the guest ended" }),
  });

  const over = (): boolean => control.stopped() || stopwatch.over() || engine.exhausted();

  const engine = await createEngine({
    memory: data.limits.memory,
    shouldStop: () =>
      ended || (ending ? --ending.checks < 0 && control.now() > ending.until : control.stopped() || stopwatch.over()),
    resolveModule: loader.resolve,
    loadModule: modules.load,
    host: { post, lookup },
  });

  function post(text: string): string | undefined {
    const [, method = ""] = /^-?\d+ (\w+) /.exec(text) ?? [];
    // What it prints is dropped: a loop that catches everything would fill the screen with it.
    if (ending && !STILL_TAKEN.has(method)) return method === "print" ? undefined : REFUSED;
    if (method === "healthy") {
      healthy = true;
      return undefined;
    }
    if ((method === "line" || method === "background") && over()) {
      // The engine's own "interrupted", which asynchronous code can catch: not what the line is to end with.
      cut = true;
      return undefined;
    }
    return isTold(method)
      ? tell(method, text.slice(text.indexOf(" ", text.indexOf(" ") + 1) + 1))
      : outbox.host["post"]!(text);
  }

  function lookup(text: string): string | undefined {
    return ending ? `{"error":${REFUSED}}` : outbox.host["lookup"]!(text);
  }

  /** Passes on what the guest tells the session, checked. */
  function tell(method: Told, json: string): string | undefined {
    const asked = method === "last" || method === "variables";
    // Nobody asked: the script's own doing.
    if (asked && question?.method !== method) return undefined;
    const message = readTold(method, json, question && asked ? question.number : current);
    if (asked && (method === "variables" || message["done"] === true || message["error"] !== undefined))
      question = null;
    if (method === "line" && message["number"] === current) {
      current = 0;
      if (message["error"] === undefined) for (const name of declaring) declared.add(name);
    }
    if (method !== "last" && message["error"] !== undefined) {
      // As it goes out: columns as people count them, hints for the commonest mistakes.
      message["error"] = finishError(message["error"] as ScriptError, {
        sourceOf,
        problemOf: modules.problemOf,
        declared,
      });
    }
    return outbox.host["post"]!(`0 ${method} ${JSON.stringify(message)}`);
  }

  function ask(method: "last" | "variables", number: number): void {
    question = { method, number };
    // A line that was ended for computing too long has left nothing of its budget.
    if (current === 0) stopwatch = createStopwatch({ control, budget: data.limits.cpu });
    turn(() => engine.send(method, String(number)));
    // A loop in its toJSON, or a built-in that it broke: whoever asked must not wait for ever.
    if (question) tell(method, JSON.stringify({ number, error: "it could not be read" }));
  }

  function end(message: ThreadEnd): void {
    if (ended) return;
    ended = true;
    outbox.close();
    send({ type: "end", end: message });
  }

  /** Enters the VM, and leaves it with nothing left to do. */
  function turn(what: () => void): void {
    if (ended) return;
    stopwatch.start();
    try {
      what();
      drain();
      if (outbox.idle()) {
        engine.send("idle", "");
        drain();
      }
      // It may have caught its stop, and come to rest.
      if (cut || over()) throw new EngineStopped();
      // Nothing is left that could end the line: what the guest would tell it with is broken.
      if (current !== 0 && outbox.idle()) tell("line", "");
    } catch (error) {
      stopped(error);
    } finally {
      cut = false;
      stopwatch.stop();
    }
    outbox.flush();
  }

  function drain(): void {
    engine.drain(outbox.flush);
    engine.reportRejections();
    engine.drain(outbox.flush);
  }

  /** What runs too long is ended where it runs: between two jobs of it nothing would end, it would only pause. */
  function cutDown(): void {
    engine.drain(outbox.flush, { stopInside: true });
    engine.reportRejections();
    engine.drain(outbox.flush, { stopInside: true });
  }

  function stopped(error: unknown): void {
    if (ended) return;
    if (engine.exhausted()) return end({ kind: "limit", limit: "memory" });
    if (error instanceof GuestFailed) return end({ kind: "threw", error: spoiled(error.message), started: true });
    if (!(error instanceof EngineStopped)) {
      return end({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    }
    // Stopped by the flag: the interrupt that follows it says what is next.
    if (control.stopped()) return;
    const number = current;
    current = 0;
    if (endLine()) send({ type: "limit", number });
    else end({ kind: "limit", limit: "cpu" });
  }

  /**
   * Ends what runs in the VM: what is waited for is rejected, and the code that goes on from there (`catch`, `finally`) can
   * start nothing and has little time. @returns false when there is still work that does not end.
   */
  function endLine(): boolean {
    const until = control.now() + ENDING.ms;
    let pieces = 1;
    healthy = false;
    try {
      within(ENDING, () => engine.send("interrupt", ""));
      while (!within(ENDING_PIECE, cutDown)) if (++pieces > ENDING.pieces && control.now() > until) return false;
      within(ENDING, () => engine.send("health", ""));
    } finally {
      ending = null;
      outbox.flush();
    }
    return healthy && !engine.exhausted();
  }

  /** @returns false when it was stopped before it was done. */
  function within({ ms, checks }: { ms: number; checks: number }, what: () => void): boolean {
    ending = { until: control.now() + ms, checks };
    try {
      what();
      return true;
    } catch (error) {
      if (error instanceof EngineStopped) return false;
      throw error;
    }
  }

  function interrupt(): void {
    control.resume();
    current = 0;
    let usable = false;
    try {
      usable = !ended && endLine();
    } catch {
      // The engine itself failed: not usable, which is all that matters now.
    }
    send({ type: "interrupted", usable });
  }

  function evaluate(number: number, source: string): void {
    const file = lineName(number);
    lines.set(file, source);
    if (lines.size > KEPT_LINES) lines.delete(lines.keys().next().value!);
    stopwatch = createStopwatch({ control, budget: data.limits.cpu });
    current = number;
    turn(() => {
      let problem: (Uncompiled & { unfinished: boolean }) | undefined;
      for (const reading of readings(source, file, transpiler)) {
        const { code, names, constants } = reading;
        engine.send("declare", JSON.stringify({ number, names, constants } satisfies LineStart));
        const uncompiled = engine.evaluate(code, file);
        declaring = names;
        if (!uncompiled) return;
        engine.send("uncompiled", "");
        if (!reading.asTyped) continue;
        problem = { ...uncompiled, unfinished: isUnfinished(reading, uncompiled) };
        if (problem.unfinished) break;
      }
      current = 0;
      if (problem) send({ type: "uncompiled", number, ...problem });
    });
  }

  engine.boot(GUEST_MAIN);
  listen((message) => {
    switch (message.type) {
      case "open":
        loader.openFolder(message.root);
        turn(() => engine.send("start", JSON.stringify({ ...message.start, entry: null })));
        return send({ type: "ready" });
      case "evaluate":
        return evaluate(message.number, message.source);
      case "settle":
        for (const { ids, packed } of message.chunks) {
          outbox.answered(ids);
          turn(() => engine.send("settle", packed));
        }
        return;
      case "interrupt":
        return interrupt();
      case "poll":
        return turn(() => engine.send("poll", JSON.stringify(message.policy)));
      case "last":
      case "variables":
        return ask(message.type, message.number);
      default:
        return message satisfies never;
    }
  });
}
