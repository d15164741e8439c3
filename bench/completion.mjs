/** Tab with many resources: the shell's completer on the API of a real server process. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createApi } from "../src/client/api.ts";
import { createTransport } from "../src/client/transport.ts";
import { createCompleter } from "../src/shell/completion/completer.ts";
import { createNames } from "../src/shell/completion/names.ts";
import { median, percentile } from "./statistics.mjs";
import { startWilco } from "./wilco.mjs";

const LINES = [
  "re",
  'resource("',
  'resource("host-0',
  'resource("host-04242',
  'resource("host-04242").',
  'resource("host-04242").no',
  'resources("host-*,ti',
  'resources("tier=we',
  'resources({ type: "',
  'for (const one of resources("host-0*")) { one.',
  'const one = resource("host-00001"); one.noop({ ',
  "history.find({ status: ",
];

/**
 * @returns ms of an answer, `{ first, p50, p99, most, said }`: `first` is the first Tab of a session, while names are
 * still being read, `said` the share of the others that offered something. Names are read anew all along.
 */
export async function measureCompletion({ resources = 10_000, rounds = 100 } = {}) {
  const server = await startWilco();
  const secret = (await server.cli(["tokens", "create", "completion", "--role", "viewer"])).trim().split(/\s+/).at(-1);
  const transport = createTransport({ url: server.url, token: secret });
  try {
    const file = join(server.folder, "many.json");
    writeFileSync(file, JSON.stringify(inventoryOf(resources)));
    await server.cli(["apply", file]);
    const completer = createCompleter({
      names: createNames({ api: createApi(transport), maxAge: 1_000 }),
      variables: () => [],
    });
    const first = (await tab(completer, 'resource("host-0')).ms;
    while ((await tab(completer, 'resource("host-04242').then((one) => one.offered)) === 0);
    const times = [];
    let said = 0;
    for (let round = 0; round < rounds; round++) {
      for (const line of LINES) {
        const { ms, offered } = await tab(completer, line);
        times.push(ms);
        if (offered > 0) said++;
      }
    }
    const share = said / times.length;
    return { first, p50: median(times), p99: percentile(times, 0.99), most: Math.max(...times), said: share };
  } finally {
    transport.close();
    await server.stop();
  }
}

async function tab(completer, line) {
  const start = performance.now();
  const { candidates } = await completer.complete(line, line.length);
  const ms = performance.now() - start;
  // A person types on between two Tabs; requests that are under way must get their turn.
  await new Promise((resolve) => setImmediate(resolve));
  return { ms, offered: candidates.length };
}

function inventoryOf(count) {
  const tiers = ["web", "db", "cache", "queue"];
  const resources = {};
  for (let at = 0; at < count; at++) {
    const name = `host-${String(at).padStart(5, "0")}`;
    resources[name] = { type: "bench", zone: `zone-${at % 7}`, labels: { tier: tiers[at % tiers.length] } };
  }
  return { resources };
}
