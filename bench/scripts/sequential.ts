/** No-ops one after the other, each awaited: prints their times in ms as JSON. */
import { args, resource } from "wilco";

const { count } = args.parse({ count: "number" });
const bench = resource("bench-1");
for (let i = 0; i < 20; i++) await bench.noop();

const times: number[] = [];
for (let i = 0; i < count; i++) {
  const start = performance.now();
  await bench.noop();
  times.push(performance.now() - start);
}
console.log(JSON.stringify({ times }));
