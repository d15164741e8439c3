/** Types for editors: how long the types file of 1,000 resource types takes, and a type check of a script against it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { median } from "./statistics.mjs";
import { run, startWilco } from "./wilco.mjs";

const TYPES = 1_000;
const OPERATIONS = 8;
const ROUNDS = 5;
/** Types of one apply: far below the server's limit for a body. */
const BATCH = 250;

/** @returns medians in ms: `{ node, typegen, check }` */
export async function measureTypegen() {
  const server = await startWilco();
  try {
    for (let from = 0; from < TYPES; from += BATCH) {
      const file = join(server.folder, "inventory.json");
      writeFileSync(file, JSON.stringify(inventory(from)));
      await server.cli(["apply", file]);
    }
    writeFileSync(
      join(server.folder, "script.ts"),
      'import { resource } from "wilco";\nawait resource("app-500-1").operation3({ version: "1.0", count: 5 });\n',
    );
    const commands = {
      node: () => run(["-e", "0"], { env: server.env, cwd: server.folder }),
      typegen: () => server.cli(["typegen"]),
      check: () => server.cli(["check", "script.ts"]),
    };
    const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
    for (let round = -1; round < ROUNDS; round++) {
      for (const [name, command] of Object.entries(commands)) {
        const start = performance.now();
        await command();
        if (round >= 0) times[name].push(performance.now() - start);
      }
    }
    return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)]));
  } finally {
    await server.stop();
  }
}

/** Each type with operations of four parameters and a result, and one resource. */
function inventory(from) {
  const numbers = Array.from({ length: BATCH }, (_, at) => from + at);
  const operation = {
    description: "Does what its number says",
    run: ["true", "{{parameters.version}}"],
    result: { type: "object", properties: { version: { type: "string" }, took: { type: "number" } } },
    parameters: {
      type: "object",
      required: ["version"],
      properties: {
        version: { type: "string", description: "which version" },
        count: { type: "integer", minimum: 1, maximum: 100, default: 1 },
        how: { enum: ["rolling", "at once"], default: "rolling", description: "in which order" },
        labels: { type: "object", additionalProperties: { type: "string" } },
      },
    },
  };
  const operations = Object.fromEntries(Array.from({ length: OPERATIONS }, (_, at) => [`operation${at}`, operation]));
  return {
    types: Object.fromEntries(numbers.map((number) => [`app-${number}`, { operations, runsOn: "any" }])),
    resources: Object.fromEntries(numbers.map((number) => [`app-${number}-1`, { type: `app-${number}` }])),
  };
}
