import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { anchorsOf, blocksOf, linksOf, readPages, ROOT } from "./markdown.ts";

const pages = readPages();

describe("links between the pages", () => {
  it.for(pages)("$path links only to what is there", ({ path, text }) => {
    const broken = linksOf(text).filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? path : normalize(join(dirname(path), file));
      if (!existsSync(join(ROOT, target))) return true;
      return (
        anchor !== undefined && !anchorsOf(pages.find((page) => page.path === target)?.text ?? "").includes(anchor)
      );
    });
    expect(broken).toEqual([]);
  });

  it("the README leads to every page of docs/", () => {
    const linked = linksOf(pages[0]!.text).map((link) => link.replace(/#.*/, ""));
    const missing = pages
      .slice(1)
      .filter(
        ({ path }) =>
          !linked.includes(path) && !linked.includes(`${dirname(path)}/`) && !linked.includes(dirname(path)),
      );
    expect(missing.map(({ path }) => path)).toEqual([]);
  });

  it("no page has a code block without a language, whose meaning nobody would know", () => {
    const bare = pages.flatMap(({ path, text }) =>
      blocksOf(text).flatMap((block) => (block.language === "" ? [`${path}:${block.line}`] : [])),
    );
    expect(bare).toEqual([]);
  });

  it("the README has a place for what npm start shows", () => {
    expect(pages[0]!.text).toMatch(/<!-- npm-start:begin[^>]*-->\n+```text\n[^`]+```\n+<!-- npm-start:end -->/);
  });
});
