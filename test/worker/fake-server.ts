/** The server's side of the worker protocol in memory, with a switch for every way an answer can go missing. */
import { EventEmitter, once } from "node:events";
import { WilcoError } from "../../src/core/errors.ts";
import type { Assignment, WorkerCommand, WorkerOrder } from "../../src/domain/worker.ts";
import type {
  CarriedClaim,
  FinishItem,
  HeartbeatAnswer,
  LeaseRef,
  OutputChunk,
  RegisterRequest,
  ReportItem,
} from "../../src/protocol/messages.ts";
import type { WorkerApi } from "../../src/worker/api.ts";

type Call = keyof WorkerApi;

export interface Held {
  assignment: Assignment;
  state: "queued" | "leased" | "ended" | "lost";
  session: string | null;
  claimId: string | null;
  chunks: OutputChunk[];
  progress: NonNullable<ReportItem["progress"]>[];
  finish: FinishItem | null;
  cancel: boolean;
}

export type FakeServer = ReturnType<typeof createFakeServer>;

export function createFakeServer(timing: { lease?: number; heartbeat?: number; grace?: number } = {}) {
  const { lease = 30_000, heartbeat = 10_000, grace = 10_000 } = timing;
  const events = new EventEmitter().setMaxListeners(0);
  const entries = new Map<number, Held>();
  const calls: Array<{ call: Call; body: unknown }> = [];
  const loseAnswers = new Map<Call, number>();
  const registrations: RegisterRequest[] = [];
  let session: string | null = null;
  let sessions = 0;
  let down = false;
  let nextOrder = 1;
  let drain = false;
  const orders: WorkerOrder[] = [];
  /** Finish items refused once each, by entry. */
  const refuse = new Map<number, string>();

  const unreachable = (what: string) => new WilcoError({ code: "unreachable", message: `${what}: no answer` });

  async function attempt<T>(call: Call, body: unknown, act: () => T | Promise<T>): Promise<T> {
    calls.push({ call, body: structuredClone(body) });
    events.emit(call, body);
    if (down) throw unreachable("down");
    const answer = await act();
    const lost = loseAnswers.get(call) ?? 0;
    if (lost > 0) {
      loseAnswers.set(call, lost - 1);
      events.emit(`lost:${call}`);
      throw unreachable("lost");
    }
    if (down) throw unreachable("down");
    return structuredClone(answer);
  }

  function requireSession(id: string): void {
    if (id !== session) throw new WilcoError({ code: "session_ended", message: "the session has ended" });
  }

  function leased({ entry, attempt: number }: LeaseRef): Held | null {
    const held = entries.get(entry);
    return held && held.assignment.attempt === number && held.state === "leased" && held.session === session
      ? held
      : null;
  }

  /** The same entries for the same claim id, else the first that wait. */
  function leaseFor(id: string, { claimId, slots }: CarriedClaim): Assignment[] {
    let mine = [...entries.values()].filter((held) => held.claimId === claimId && held.state === "leased");
    if (mine.length === 0) {
      mine = [...entries.values()].filter((held) => held.state === "queued").slice(0, slots);
      for (const held of mine) Object.assign(held, { state: "leased", session: id, claimId });
    }
    return mine.map((held) => held.assignment);
  }

  const leaseLost = { error: { code: "lease_lost" as const, message: "not yours any more" } };
  const refOf = ({ assignment: { entry, attempt: number } }: Held): LeaseRef => ({ entry, attempt: number });

  function beatOf(id: string, leases: readonly LeaseRef[]): HeartbeatAnswer {
    const listed = new Set(leases.map((ref) => `${ref.entry}/${ref.attempt}`));
    const mine = [...entries.values()].filter((held) => held.state === "leased" && held.session === id);
    return {
      cancel: mine.filter((held) => held.cancel).map(refOf),
      lost: leases.filter((ref) => leased(ref) === null && entries.get(ref.entry)?.state !== "ended"),
      unlisted: mine
        .filter((held) => !listed.has(`${held.assignment.entry}/${held.assignment.attempt}`))
        .map((held) => held.assignment),
      drain,
      orders: orders.splice(0),
    };
  }

  const api: WorkerApi = {
    register: (body) =>
      attempt("register", body, () => {
        registrations.push(body);
        session = `session-${++sessions}`;
        for (const held of entries.values()) if (held.state === "leased") held.session = session;
        return { session, lease, heartbeat, grace };
      }),
    claim: (id, body, { signal } = {}) =>
      attempt("claim", body, async () => {
        requireSession(id);
        const end = AbortSignal.any([AbortSignal.timeout(body.wait + 1), ...(signal ? [signal] : [])]);
        for (;;) {
          const told = body.beat && { beat: beatOf(id, []) };
          if (told && told.beat.orders.length > 0) return { assignments: [], ...told };
          const assignments = leaseFor(id, body);
          if (assignments.length > 0 || body.wait === 0) return { assignments, ...told };
          await once(events, "work", { signal: end }).catch(() => {});
          signal?.throwIfAborted();
          requireSession(id);
          if (end.aborted) return { assignments: [], ...told };
        }
      }),
    heartbeat: (id, body) =>
      attempt("heartbeat", body, () => {
        requireSession(id);
        return beatOf(id, body.leases);
      }),
    report: (id, body) =>
      attempt("report", body, () => {
        requireSession(id);
        const reports = body.reports.map((report) => {
          const held = leased(report);
          if (!held) return leaseLost;
          for (const chunk of report.chunks ?? []) if (chunk.number === held.chunks.length + 1) held.chunks.push(chunk);
          if (report.progress) held.progress.push(report.progress);
          events.emit(`output:${report.entry}`);
          return { ok: true as const, lastChunk: held.chunks.length, cancel: held.cancel };
        });
        return { reports };
      }),
    content: (_id, leased) =>
      attempt("content", leased, () => {
        throw new WilcoError({ code: "unknown_content", message: "the fake server has none" });
      }),
    finish: (id, body) =>
      attempt("finish", body, () => {
        requireSession(id);
        const finishes = body.finishes.map((item) => {
          const held = entries.get(item.entry);
          if (held?.finish?.finishId === item.finishId) return { ok: true as const };
          if (!held || !leased(item)) return leaseLost;
          const refusal = refuse.get(item.entry);
          if (refusal !== undefined) {
            refuse.delete(item.entry);
            return { error: { code: refusal as "internal", message: `refused: ${refusal}` } };
          }
          if (held.chunks.length < item.lastChunk) {
            return {
              error: {
                code: "chunks_missing" as const,
                message: "chunks missing",
                details: { lastChunk: held.chunks.length },
              },
            };
          }
          held.finish = item;
          held.state = item.status === "released" ? "queued" : "ended";
          setImmediate(() => events.emit(`finish:${item.entry}`));
          return { ok: true as const };
        });
        return body.claim ? { finishes, assignments: leaseFor(id, body.claim) } : { finishes };
      }),
    reloaded: (id, body) =>
      attempt("reloaded", body, () => {
        requireSession(id);
      }),
    stop: (id, body) =>
      attempt("stop", body, () => {
        requireSession(id);
        session = null;
      }),
  };

  return {
    api,
    calls,
    entries,
    registrations,
    get session() {
      return session;
    },
    /** Queues an operation and returns its entry id. */
    submit(part: Partial<Assignment> & { operation: string; type?: string }): number {
      const entry = part.entry ?? entries.size + 1;
      const { type = "test", ...rest } = part;
      const assignment: Assignment = {
        entry,
        attempt: 1,
        kind: "operation",
        root: entry,
        parameters: {},
        resource: { id: 1, name: "thing", type, zone: "default", labels: {}, connection: {} },
        secrets: [],
        typeVersion: "1",
        implementation: null,
        deadlineIn: 60_000,
        onLost: "lose",
        weight: 1,
        outputQuota: 50 * 1024 * 1024,
        canceling: false,
        ...rest,
      };
      entries.set(entry, {
        assignment,
        state: "queued",
        session: null,
        claimId: null,
        chunks: [],
        progress: [],
        finish: null,
        cancel: false,
      });
      events.emit("work");
      return entry;
    },
    async finished(entry: number): Promise<FinishItem> {
      const held = entries.get(entry)!;
      if (!held.finish) await once(events, `finish:${entry}`);
      return held.finish!;
    },
    async reported(entry: number): Promise<void> {
      await once(events, `output:${entry}`);
    },
    /** The next time the worker makes this call. */
    async called(call: Call): Promise<unknown> {
      return (await once(events, call))[0] as unknown;
    },
    async answerLost(call: Call): Promise<void> {
      await once(events, `lost:${call}`);
    },
    text: (entry: number, stream?: string) =>
      entries
        .get(entry)!
        .chunks.filter((chunk) => stream === undefined || chunk.stream === stream)
        .map((chunk) => chunk.text ?? "")
        .join(""),
    loseAnswer: (call: Call, count = 1) => loseAnswers.set(call, count),
    refuseFinish: (entry: number, code: string) => refuse.set(entry, code),
    setDown: (value: boolean) => {
      down = value;
    },
    order: (command: WorkerCommand) => {
      orders.push({ id: nextOrder++, command });
      events.emit("work");
      return nextOrder - 1;
    },
    askToDrain: () => {
      drain = true;
    },
    cancel: (entry: number) => {
      entries.get(entry)!.cancel = true;
    },
    /** Another worker has it now. */
    takeAway: (entry: number) => {
      entries.get(entry)!.state = "lost";
    },
    endSession: () => {
      session = null;
    },
  };
}
