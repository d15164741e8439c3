/** 100,000 resources: the first page of selectors, through HTTP as anybody asks it. */
import pg from "pg";
import { median } from "./statistics.mjs";
import { startWilco } from "./wilco.mjs";

const SELECTORS = [
  "",
  "tier=web",
  "rare=yes",
  "none=here",
  "tier=web,n=123",
  "zone=z7",
  "type=host,zone=z7",
  "type=http,tier!=web",
  "r-0999*",
  "*-099999",
  "worker=w3",
  "worker=w3,tier=web",
];
const BATCH = 10_000;
const ROUNDS = 9;

/**
 * @param databaseUrl undefined = embedded
 * @param count resources.
 * @returns `{ seed, slowest, median }`: ms to apply them all in batches, the median of the slowest selector and that over
 *   all selectors, ms.
 */
export async function measureInventory({ databaseUrl, count = 100_000 }) {
  const server = await startWilco({ databaseUrl });
  try {
    const { ask } = server;
    const start = performance.now();
    for (let at = 0; at < count; at += BATCH) {
      const resources = Object.fromEntries(
        Array.from({ length: Math.min(BATCH, count - at) }, (_, i) => resourceOf(at + i, count)),
      );
      await ask("POST", "/v1/inventory/apply", { resources });
    }
    const seed = performance.now() - start;
    if (databaseUrl !== undefined) await vacuum(databaseUrl);
    const medians = [];
    for (const selector of SELECTORS) {
      const times = [];
      for (let round = 0; round < ROUNDS; round++) {
        const before = performance.now();
        await ask("GET", `/v1/resources?limit=100&selector=${encodeURIComponent(selector)}`);
        times.push(performance.now() - before);
      }
      medians.push({ selector, ms: median(times) });
    }
    for (const { selector, ms } of medians) console.log(`  ${(selector || "(all)").padEnd(20)} ${ms.toFixed(1)} ms`);
    const all = medians.map(({ ms }) => ms);
    return { seed, slowest: Math.max(...all), median: median(all) };
  } finally {
    await server.stop();
  }
}

/** What autovacuum does within a minute or so: until then the indexes alone can answer nothing. */
async function vacuum(databaseUrl) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query("VACUUM ANALYZE wilco.resource");
  await client.end();
}

/** A third is bound to one of 50 workers; parents have up to 99 children; one label is on one resource alone. */
function resourceOf(i, count) {
  const name = (n) => `r-${String(n).padStart(6, "0")}`;
  const isHost = i % 3 === 0;
  return [
    name(i),
    {
      type: isHost ? "host" : "http",
      zone: `z${i % 20}`,
      ...(isHost ? { worker: `w${i % 50}` } : {}),
      labels: {
        tier: ["web", "db", "cache"][i % 3],
        n: String(i % 1_000),
        ...(i === Math.floor(count * 0.77) ? { rare: "yes" } : {}),
      },
      ...(i % 100 === 0 ? {} : { parent: name(i - (i % 100)) }),
      connection: isHost ? {} : { url: "http://127.0.0.1:1/" },
    },
  ];
}
