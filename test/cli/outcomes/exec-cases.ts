/** `exec` and `entry wait` on a server that stays. */
import type { CaseWorld, OutcomeCase } from "./case.ts";

const interrupt =
  (signal: NodeJS.Signals, flags: string[] = []) =>
  async (world: CaseWorld) => {
    const command = await world.begun(["job", "slow", ...flags]);
    command.kill(signal);
    return command.ended;
  };

/** Files it without waiting, lets `then` happen to the entry, and waits for it from elsewhere. */
const filed =
  (args: string[], then: (world: CaseWorld, id: number) => Promise<unknown>) => async (world: CaseWorld) => {
    await world.exec([...args, "--no-wait"]);
    const { id } = await world.entry();
    await then(world, id);
    return world.run(["entry", "wait", String(id)]);
  };

const untilEnded = (world: CaseWorld, id: number) => world.untilEnded(id);
const cancel = (world: CaseWorld, id: number) => world.cancel(id);

export const EXEC_CASES: OutcomeCase[] = [
  {
    asked: "exec job good",
    happened: "it succeeded",
    exit: 0,
    entries: "succeeded",
    stdout: /^fine\n$/,
    run: (world) => world.exec(["job", "good"]),
  },
  {
    asked: "exec job good --json",
    happened: "it succeeded",
    exit: 0,
    entries: "succeeded",
    stdout: /"status": "succeeded"/,
    run: (world) => world.exec(["job", "good", "--json"]),
  },
  {
    asked: "exec job bad",
    happened: "its command ended with exit code 3",
    exit: 1,
    entries: "failed",
    stdout: /^almost\n$/,
    stderr: /exited with code 3.*\n.*wilco entry show \d+/,
    run: (world) => world.exec(["job", "bad"]),
  },
  {
    asked: "exec job killed",
    happened: "its command was killed by a signal",
    exit: 1,
    entries: "failed",
    stderr: /SIGKILL/,
    run: (world) => world.exec(["job", "killed"]),
  },
  {
    asked: "exec coded throws",
    happened: "its handler threw",
    exit: 1,
    entries: "failed",
    stderr: /the handler's own words/,
    run: (world) => world.exec(["coded", "throws"]),
  },
  {
    asked: "exec coded exits",
    happened: "its handler ended its process",
    exit: 1,
    entries: "failed",
    run: (world) => world.exec(["coded", "exits"]),
  },
  {
    asked: "exec coded circular",
    happened: "its result is not JSON",
    exit: 1,
    entries: "failed",
    stderr: /not JSON/,
    run: (world) => world.exec(["coded", "circular"]),
  },
  {
    asked: "exec job hangs",
    happened: "the type's timeout came first",
    exit: 1,
    entries: "timed_out",
    stderr: /did not end within/,
    run: (world) => world.exec(["job", "hangs"]),
  },
  {
    asked: "exec job slow --timeout 200ms",
    happened: "the call's timeout came first",
    exit: 1,
    entries: "timed_out",
    run: (world) => world.exec(["job", "slow", "--timeout", "200ms"]),
  },
  {
    asked: "exec job slow",
    happened: "somebody else canceled it while it ran",
    exit: 4,
    entries: "canceled",
    stderr: /was canceled/,
    async run(world) {
      const command = await world.begun(["job", "slow"]);
      await world.cancel((await world.entry()).id);
      return command.ended;
    },
  },
  {
    asked: "exec job good --at +1h",
    happened: "somebody else canceled it before it was due",
    exit: 4,
    entries: "canceled",
    run: filed(["job", "good", "--at", "+1h"], cancel),
  },
  {
    asked: "exec job slow",
    happened: "Ctrl-C: it goes on",
    exit: 130,
    entries: "running",
    stderr: /goes on\.\n {2}Wait again: {2}wilco entry wait \d+/,
    run: interrupt("SIGINT"),
  },
  {
    asked: "exec job slow",
    happened: "SIGTERM: it goes on",
    exit: 143,
    entries: "running",
    run: interrupt("SIGTERM"),
  },
  {
    asked: "exec job slow --on-interrupt cancel",
    happened: "Ctrl-C, and the cancel succeeded",
    exit: 130,
    entries: "canceled",
    stderr: /is canceled/,
    run: interrupt("SIGINT", ["--on-interrupt", "cancel"]),
  },
  {
    asked: "exec far good --require-worker 0s",
    happened: "no worker serves its zone",
    exit: 8,
    entries: "",
    run: (world) => world.exec(["far", "good", "--require-worker", "0s"]),
  },
  {
    asked: "exec far good --require-worker 300ms",
    happened: "no worker came in that time",
    exit: 8,
    entries: "failed",
    run: (world) => world.exec(["far", "good", "--require-worker", "300ms"]),
  },
  {
    asked: "exec tier=all good",
    happened: "both targets succeeded",
    exit: 0,
    entries: "succeeded, succeeded",
    stderr: /2 of 2 succeeded/,
    run: (world) => world.exec(["tier=all", "good"]),
  },
  {
    asked: "exec tier=all picky",
    happened: "one of two failed",
    exit: 5,
    entries: "failed, succeeded",
    run: (world) => world.exec(["tier=all", "picky"]),
  },
  {
    asked: "exec tier=all picky --min-success 1",
    happened: "one of two failed",
    exit: 0,
    entries: "failed, succeeded",
    run: (world) => world.exec(["tier=all", "picky", "--min-success", "1"]),
  },
  {
    asked: "exec tier=all picky --min-success 75%",
    happened: "one of two failed: below the threshold",
    exit: 5,
    entries: "failed, succeeded",
    run: (world) => world.exec(["tier=all", "picky", "--min-success", "75%"]),
  },
  {
    asked: "exec tier=all bad",
    happened: "both failed",
    exit: 1,
    entries: "failed, failed",
    run: (world) => world.exec(["tier=all", "bad"]),
  },
  {
    asked: "exec tier=all bad --serial --halt-on-failure",
    happened: "the first failed, the other was not begun",
    exit: 1,
    entries: "canceled, failed",
    run: (world) => world.exec(["tier=all", "bad", "--serial", "--halt-on-failure"]),
  },
  {
    asked: "exec tier=all good --at +1h",
    happened: "somebody else canceled the request",
    exit: 4,
    entries: "canceled, canceled",
    run: filed(["tier=all", "good", "--at", "+1h"], cancel),
  },
  {
    asked: "exec job good --no-wait",
    happened: "it was filed",
    exit: 0,
    entries: "succeeded",
    stdout: /^\d+\n$/,
    async run(world) {
      const ended = await world.exec(["job", "good", "--no-wait"]);
      await world.untilEnded(Number(ended.stdout));
      return ended;
    },
  },
  {
    asked: "entry wait ID",
    happened: "it had succeeded before the wait began",
    exit: 0,
    entries: "succeeded",
    stdout: /^fine\n$/,
    run: filed(["job", "good"], untilEnded),
  },
  {
    asked: "entry wait ID",
    happened: "it had failed long ago",
    exit: 1,
    entries: "failed",
    stdout: /^almost\n$/,
    run: filed(["job", "bad"], untilEnded),
  },
  {
    asked: "entry wait ID",
    happened: "of a request, with one of two failed",
    exit: 5,
    entries: "failed, succeeded",
    run: filed(["tier=all", "picky"], untilEnded),
  },
  {
    asked: "entry wait ID",
    happened: "of a request with --min-success 1, with one of two failed",
    exit: 0,
    entries: "failed, succeeded",
    run: filed(["tier=all", "picky", "--min-success", "1"], untilEnded),
  },
  {
    asked: "exec job slow --wait-timeout 300ms",
    happened: "the wait ended; it goes on",
    exit: 124,
    entries: "running",
    stderr: /goes on\.\n {2}Wait again: {2}wilco entry wait \d+/,
    run: (world) => world.exec(["job", "slow", "--wait-timeout", "300ms"]),
  },
  {
    asked: "exec job slow --poll-delay 50ms --poll-limit 2",
    happened: "the limit of looks was reached; it goes on",
    exit: 124,
    entries: "running",
    run: (world) => world.exec(["job", "slow", "--poll-delay", "50ms", "--poll-limit", "2"]),
  },
  {
    asked: "exec job bad --wait-timeout 1ms, then entry wait ID",
    happened: "the wait ended at once; it failed later",
    exit: 1,
    entries: "failed",
    async run(world) {
      await world.exec(["job", "bad", "--wait-timeout", "1ms"]);
      return world.run(["entry", "wait", String((await world.entry()).id)]);
    },
  },
  {
    asked: "entry retry ID",
    happened: "the call that had failed failed again",
    exit: 1,
    entries: "failed, failed",
    async run(world) {
      await world.exec(["job", "bad"]);
      return world.run(["entry", "retry", String((await world.entry()).id)]);
    },
  },
  {
    asked: "exec job good --idempotency-key KEY, again",
    happened: "it had succeeded under the key before",
    exit: 0,
    entries: "succeeded",
    stdout: /^fine\n$/,
    async run(world) {
      await world.exec(["job", "good", "--idempotency-key", world.note]);
      return world.exec(["job", "good", "--idempotency-key", world.note]);
    },
  },
  {
    asked: "exec job slow",
    happened: "its token was revoked during the wait",
    exit: 3,
    entries: "running",
    stderr: /goes on/,
    async run(world) {
      const command = await world.begun(["job", "slow"], { env: { WILCO_TOKEN: await world.token("operator") } });
      await world.revoke();
      return command.ended;
    },
  },
];

/** Refused before anything is submitted. */
export const REFUSED_CASES: OutcomeCase[] = [
  refused("exec jbo good", "there is no such resource", 2, ["jbo", "good"], /Did you mean "job"\?/),
  refused("exec job god", "there is no such operation", 2, ["job", "god"], /Did you mean "good"\?/),
  refused("exec job good --param x=1", "there is no such parameter", 2, ["job", "good", "--param", "x=1"], /parameter/),
  refused("exec job good --no-wiat", "there is no such flag", 2, ["job", "good", "--no-wiat"], /--no-wait/),
  refused("exec job good --timeout 5", "a duration without its unit", 2, ["job", "good", "--timeout", "5"], /unit/),
  refused("exec tier=none good", "nothing matches", 2, ["tier=none", "good"], /Nothing matches/),
  refused("exec tier=none good --allow-empty", "nothing matches", 0, ["tier=none", "good", "--allow-empty"]),
  refused("exec job good --dry-run", "it would be run", 0, ["job", "good", "--dry-run"], /Nothing was submitted/),
  refused("exec far good --dry-run", "no live worker would take it", 8, ["far", "good", "--dry-run"], /no live worker/),
  {
    asked: "exec job good",
    happened: "the token is unknown",
    exit: 3,
    entries: "",
    run: (world) => world.exec(["job", "good"], { env: { WILCO_TOKEN: "wilco_unknown" } }),
  },
  {
    asked: "exec job good",
    happened: "the token is a viewer's",
    exit: 3,
    entries: "",
    run: async (world) => world.exec(["job", "good"], { env: { WILCO_TOKEN: await world.token("viewer") } }),
  },
  {
    asked: "exec job good --server URL",
    happened: "nobody answers there",
    exit: 7,
    entries: "",
    run: (world) => world.exec(["job", "good", "--server", "http://127.0.0.1:9"], { env: { WILCO_TOKEN: "wilco_x" } }),
  },
  {
    asked: "entry wait 999999",
    happened: "there is no such entry",
    exit: 2,
    entries: "",
    run: (world) => world.run(["entry", "wait", "999999"]),
  },
];

function refused(asked: string, happened: string, exit: number, args: string[], stderr?: RegExp): OutcomeCase {
  return { asked, happened, exit, entries: "", ...(stderr && { stderr }), run: (world) => world.exec(args) };
}
