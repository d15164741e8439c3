/** A process without a port to be managed: it works in ticks until it is asked to stop. Environment: NAME. */
const name = process.env.NAME ?? "consumer";
let ticks = 0;
const timer = setInterval(() => (ticks += 1), 200);
console.log(`${name} (pid ${process.pid}) consumes`);

process.on("SIGTERM", () => {
  clearInterval(timer);
  console.log(`${name} (pid ${process.pid}) stops after ${ticks} ticks`);
});
