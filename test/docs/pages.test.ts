import { describe, it } from "vitest";
import { blocksOf, readPages } from "./markdown.ts";
import { pageWorld, performPage } from "./page-world.ts";

/** Ports that the pages' own servers listen on. */
const PORTS = [8090, 8091];

const doing = readPages().filter(({ text }) =>
  blocksOf(text).some((block) => block.language === "console" || "run" in block.marks),
);

// Each page has a world of its own and mostly waits for processes.
describe.concurrent("what the pages say to type", () => {
  it.for(doing)("$path does and shows what it says", { timeout: 180_000 }, async ({ text }, { expect }) => {
    const world = await pageWorld(PORTS);
    try {
      expect(await performPage(world, text)).toEqual([]);
    } finally {
      await world.stop();
    }
  });
});
