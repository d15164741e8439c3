/** No-ops all at once: prints how long it took in ms as JSON. */
import { args, resource } from "wilco";

const { count } = args.parse({ count: "number" });
const bench = resource("bench-1");
await bench.noop();

const start = performance.now();
await Promise.all(Array.from({ length: count }, () => bench.noop()));
console.log(JSON.stringify({ ms: performance.now() - start }));
