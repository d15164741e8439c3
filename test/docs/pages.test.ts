import { afterEach, describe, expect, it } from "vitest";
import { blocksOf, readPages } from "./markdown.ts";
import { pageWorld, performPage, type PageWorld } from "./page-world.ts";

/** Ports that the pages' own servers listen on. */
const PORTS = [8090, 8091];

let world: PageWorld | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

const doing = readPages().filter(({ text }) =>
  blocksOf(text).some((block) => block.language === "console" || "run" in block.marks),
);

describe("what the pages say to type", () => {
  it.for(doing)("$path does and shows what it says", { timeout: 120_000 }, async ({ text }) => {
    world = await pageWorld(PORTS);
    expect(await performPage(world, text)).toEqual([]);
  });
});
