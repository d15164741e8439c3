/** What `npm start` runs after set-up and build: the demonstration, in this process, so that Ctrl-C is its own. */
const DEMO = ["demo"];

process.argv.splice(2, 0, ...DEMO);
await import("../dist/cli/bin.js");
