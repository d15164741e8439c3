/** `run`: how scripts end. */
import type { OutcomeCase } from "./case.ts";

/** Every script has its note, and `job` with it. */
const HEAD = `import { args, exit, resource } from "wilco";
const note = args[0];
const job = resource("job").with({ note });
`;

function script(
  happened: string,
  text: string,
  exit: number,
  entries: string,
  more: Partial<OutcomeCase> = {},
): OutcomeCase {
  return {
    asked: "run FILE",
    happened: `the script ${happened}`,
    exit,
    entries,
    run: (world) => world.script(HEAD + text),
    ...more,
  };
}

export const RUN_CASES: OutcomeCase[] = [
  script("reached its end", `console.log((await job.good()).exitCode);`, 0, "succeeded", { stdout: /^0\n$/ }),
  script("threw", `throw new Error("no version");`, 1, "", { stderr: /no version[\s\S]*case.*\.ts:4/ }),
  script("awaited an operation that failed", `await job.bad();`, 1, "failed", { stderr: /exited with code 3/ }),
  script("never awaited one that failed", `job.bad();`, 1, "failed", { stderr: /nobody looked at its result/ }),
  script("caught its failure", `await job.bad().catch(() => {});`, 0, "failed"),
  script("looked at its outcome", `await job.bad().outcome();`, 0, "failed"),
  script("let go of one that failed", `await job.bad().detach();`, 0, "failed", {
    async run(world) {
      const ended = await world.script(`${HEAD}await job.bad().detach();`);
      await world.untilEnded((await world.entry()).id);
      return ended;
    },
  }),
  script(
    "awaited one that was canceled",
    `const e = job.good({}, { at: "+1h" }); (await e.submitted, await e.cancel()); await e;`,
    4,
    "canceled",
  ),
  script("awaited one that timed out", `await job.hangs();`, 1, "timed_out"),
  script("awaited one that no worker took", `await resource("far").good({}, { note, requireWorker: "0s" });`, 8, ""),
  script(
    "reached its own limit of looks",
    `await job.slow({}, { poll: { delay: "50ms", limit: 2 } });`,
    124,
    "running",
    {
      run: (world) =>
        world.script(`${HEAD}await job.slow({}, { poll: { delay: "50ms", limit: 2 } });`, ["--on-error", "leave"]),
      asked: "run --on-error leave FILE",
    },
  ),
  script("called exit(17)", `exit(17);`, 17, ""),
  script("asked for what is not there", `await job.goood();`, 1, "", { stderr: /Did you mean "good"\?/ }),
  script("does not compile", `const = 1;`, 2, ""),
  script("has an enum, which is no plain TypeScript", `enum A { B }`, 2, ""),
  script("imports a package", `import "left-pad";`, 2, ""),
  script("got an argument that is wrong", `args.parse({ note: "string", count: "number" });`, 2, ""),
  script("computed for longer than --cpu-limit", `for (;;);`, 1, "", {
    asked: "run --cpu-limit 200ms FILE",
    run: (world) => world.script(`${HEAD}for (;;);`, ["--cpu-limit", "200ms"]),
    stderr: /computed for 200ms/,
  }),
  script("was not permitted to do that", `await job.good();`, 3, "", {
    asked: "run --allow-operation bad FILE",
    run: (world) => world.script(`${HEAD}await job.good();`, ["--allow-operation", "bad"]),
  }),
  {
    asked: "run FILE",
    happened: "Ctrl-C: its operation goes on",
    exit: 130,
    entries: "running",
    stderr: /wilco entry wait \d+/,
    async run(world) {
      const file = world.file(
        "case-interrupted.ts",
        `${HEAD}const e = job.slow(); await e.submitted; console.log("begun"); await e;`,
      );
      const command = world.start(["run", file, world.note]);
      await command.line(/begun/);
      command.kill("SIGINT");
      return command.ended;
    },
  },
  {
    asked: "run nowhere.ts",
    happened: "there is no such file",
    exit: 2,
    entries: "",
    run: (world) => world.run(["run", "nowhere.ts"]),
  },
  {
    asked: "run --on-server FILE",
    happened: "the script threw on its worker",
    exit: 1,
    entries: "",
    stderr: /no version/,
    run: (world) => world.script(`${HEAD}throw new Error("no version");`, ["--on-server"]),
  },
];
