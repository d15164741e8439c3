/** A long job with output of its own: `node backup.mjs [files] [ms a file]`. */
const files = Number(process.argv[2] ?? 20);
const pause = Number(process.argv[3] ?? 150);

for (let file = 1; file <= files; file++) {
  await new Promise((resolve) => setTimeout(resolve, pause));
  console.log(`saved file ${file} of ${files}`);
}
console.error("backup is complete");
