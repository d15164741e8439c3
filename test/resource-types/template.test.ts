import { describe, expect, it } from "vitest";
import { fillText, fillValue, templatePaths } from "../../src/resource-types/template.ts";

const scope = {
  parameters: {
    version: "1.2",
    count: 3,
    flag: false,
    list: [1, "a"],
    deep: { x: "y" },
    template: "{{parameters.version}}",
    nothing: null,
  },
  connection: { url: "http://h" },
  configuration: {},
  secrets: { "api.key": "k" },
  resource: { name: "web-1", labels: { tier: "web" } },
};

describe("a template", () => {
  it.each([
    ["plain", "plain"],
    ["{{parameters.version}}", "1.2"],
    ["{{ parameters.version }}", "1.2"],
    ["--v={{parameters.version}}-{{parameters.count}}", "--v=1.2-3"],
    ["{{parameters.flag}}", "false"],
    ["{{parameters.list}}", '[1,"a"]'],
    ["{{parameters.list.1}}", "a"],
    ["{{parameters.deep}}", '{"x":"y"}'],
    ["{{resource.labels.tier}}@{{resource.name}}", "web@web-1"],
    ["{{connection.url}}/health", "http://h/health"],
    // What a value holds is never looked at again.
    ["{{parameters.template}}", "{{parameters.version}}"],
    ["\\{{.Names}} {{parameters.count}}", "{{.Names}} 3"],
    ["{ {x} }}", "{ {x} }}"],
    ["$& $1 {{parameters.version}}", "$& $1 1.2"],
  ])("%s becomes %s", (text, filled) => {
    expect(fillText(text, scope)).toBe(filled);
  });

  it.each([
    ["{{parameters.versoin}}", "invalid_parameters", "is not set", 'Did you mean "version"?'],
    ["{{parameters.nothing}}", "invalid_parameters", "is not set", undefined],
    ["{{parameters.deep.z}}", "invalid_parameters", '"parameters.deep.z" is not set', undefined],
    ["{{parameters.constructor}}", "invalid_parameters", "is not set", undefined],
    ["{{parameters.list.9}}", "invalid_parameters", "is not set", undefined],
    ["{{configuration.x}}", "invalid_parameters", "is not set", undefined],
    ["{{paramters.version}}", "invalid_inventory", "is not a template", 'Did you mean "parameters"?'],
    ["{{parameters}}", "invalid_inventory", "is not a template", undefined],
    ["{{}}", "invalid_inventory", "is not a template", undefined],
    ["{{ a b }}", "invalid_inventory", "is not a template", undefined],
    ["{{parameters.version", "invalid_inventory", "is not a template", undefined],
  ])("%s is refused: %s", (text, code, message, hint) => {
    const refused = {
      code,
      message: expect.stringContaining(message) as string,
      ...(hint === undefined ? {} : { hint }),
    };
    expect(() => fillText(text, scope)).toThrow(expect.objectContaining(refused) as Error);
  });

  it("keeps the kind of a value in a body when it stands alone", () => {
    const body = {
      n: "{{parameters.count}}",
      l: ["{{parameters.list}}"],
      t: "n={{parameters.count}}",
      f: "{{parameters.flag}}",
      raw: 1,
    };
    expect(fillValue(body, scope)).toEqual({ n: 3, l: [[1, "a"]], t: "n=3", f: false, raw: 1 });
  });

  it("may encode what goes in", () => {
    expect(
      fillText("{{connection.url}}/{{resource.name}}", scope, (value, [root]) =>
        root === "resource" ? value.toUpperCase() : value,
      ),
    ).toBe("http://h/WEB-1");
  });

  it("names its paths", () => {
    expect(templatePaths("{{connection.url}}/\\{{x}}/{{parameters.a.b}}")).toEqual([
      ["connection", "url"],
      ["parameters", "a", "b"],
    ]);
  });
});
