import { defineConfig } from "oxlint";

/**
 * Which folders of src/ may import which others, themselves apart. `core` and `domain` are pure and open to all above
 * them. cli/ is the composition root and index.ts the public API: both may import everything.
 */
const MAY_IMPORT: Record<string, string[]> = {
  core: [],
  domain: ["core"],
  protocol: ["core", "domain"],
  database: ["core", "domain"],
  queue: ["core", "domain", "database"],
  audit: ["core", "domain", "database"],
  inventory: ["core", "domain", "protocol", "database"],
  access: ["core", "domain", "protocol", "database"],
  content: ["core", "domain", "protocol", "database"],
  operations: ["core", "domain", "protocol", "database", "queue", "audit", "inventory", "access", "content"],
  server: ["core", "domain", "protocol", "operations", "inventory", "access", "content"],
  "resource-types": ["core", "domain"],
  worker: ["core", "domain", "protocol", "resource-types"],
  testing: ["core", "domain", "inventory", "resource-types", "worker"],
  client: ["core", "domain", "protocol"],
  sandbox: ["core", "domain", "client"],
  shell: ["core", "domain", "client", "sandbox"],
  typegen: ["core", "domain"],
  telemetry: ["core", "domain", "queue"],
};

/** Packages that one folder or file is there to hide. Everyone else goes through it. */
const PACKAGE_OWNERS: Record<string, string> = {
  "better-sqlite3": "src/database/**",
  ssh2: "src/resource-types/**",
  // The type `postgres` is about any database, wilco's own is about one.
  pg: "src/database/**, src/resource-types/**",
  fastify: "src/server/**",
  commander: "src/cli/**",
  "prom-client": "src/telemetry/**",
  "@opentelemetry/api": "src/telemetry/**",
  "@opentelemetry/sdk-trace": "src/telemetry/**",
  "@opentelemetry/exporter-trace-otlp-http": "src/telemetry/**",
  "@opentelemetry/resources": "src/telemetry/**",
  "quickjs-emscripten-core": "src/sandbox/**",
  "@jitl/quickjs-wasmfile-release-sync": "src/sandbox/**",
};
/** SQL is written only here. */
const WITH_SQL = ["database", "queue", "audit", "inventory", "access"];

function restrictions(folder: string) {
  const allowed = MAY_IMPORT[folder] ?? [];
  const forbidden = [...Object.keys(MAY_IMPORT), "cli"].filter((other) => other !== folder && !allowed.includes(other));
  const packages = Object.entries(PACKAGE_OWNERS)
    .filter(([, owner]) => !owner.split(", ").includes(`src/${folder}/**`))
    .map(([name, owner]) => ({ name, message: `Only ${owner} uses this package.` }));
  if (!WITH_SQL.includes(folder))
    packages.push({ name: "kysely", message: `SQL is written in ${WITH_SQL.join(", ")}.` });
  return {
    files: [`src/${folder}/**`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          paths: packages,
          patterns: forbidden.map((other) => ({
            regex: `^(\\.\\./)+${other}/`,
            message: `${folder}/ may import ${allowed.length === 0 ? "nothing of ours" : allowed.join(", ")}.`,
          })),
        },
      ],
    },
  };
}

export default defineConfig({
  plugins: ["typescript", "unicorn", "oxc", "import", "promise", "node", "vitest"],
  categories: { correctness: "error", suspicious: "error" },
  options: { typeAware: true },
  ignorePatterns: ["dist/**", "bench/results/**"],
  rules: {
    "import/no-cycle": "error",
    "import/no-self-import": "error",
    "import/no-duplicates": "error",
    "no-unused-vars": [
      "error",
      { args: "after-used", argsIgnorePattern: "^_", varsIgnorePattern: "^_", ignoreRestSiblings: true },
    ],
    eqeqeq: "error",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": ["error", { checksVoidReturn: { arguments: false, attributes: false } }],
    "typescript/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    "typescript/no-explicit-any": "error",
    "typescript/consistent-type-imports": "error",
    "typescript/await-thenable": "error",
    "vitest/no-disabled-tests": "error",
    "vitest/no-focused-tests": "error",
    // What crosses JSON, SQL and HTTP is asserted to a type in the one place that has validated it.
    "typescript/no-unsafe-type-assertion": "off",
    // Parts are made by factories that return closures: nothing has a `this` to lose.
    "typescript/unbound-method": "off",
    "unicorn/consistent-function-scoping": "off",
    // `pg` is CommonJS: its names are only reliable on the default import.
    "import/no-named-as-default-member": "off",
    // Code points are what the width of a text is counted in.
    "typescript/no-misused-spread": "off",
    // The compiler's noImplicitReturns knows the types, this rule does not.
    "consistent-return": "off",
    // What a statement returns is said where it is run: query<Row>(text).
    "typescript/no-unnecessary-type-parameters": "off",
    "no-shadow": "off",
    "no-underscore-dangle": "off",
    "unicorn/no-instanceof-builtins": "off",
    "promise/always-return": "off",
    "promise/no-promise-in-callback": "off",
    // Loops here wait for what a callback sets.
    "no-unmodified-loop-condition": "off",
    // About windows of a browser; ours are threads.
    "unicorn/require-post-message-target-origin": "off",
    // NUL and escape characters are looked for on purpose.
    "no-control-regex": "off",
    "vitest/require-to-throw-message": "off",
    "vitest/expect-expect": ["error", { assertFunctionNames: ["expect*", "assert*"] }],
    "promise/no-callback-in-promise": "off",
    // `pg`'s type numbers are an enum of another package.
    "typescript/no-unsafe-enum-comparison": "off",
    "typescript/no-unsafe-enum-assignment": "off",
    // Tests that run on both engines look at different things.
    "vitest/no-conditional-expect": "off",
  },
  overrides: [
    ...Object.keys(MAY_IMPORT).map(restrictions),
    // What users' scripts are checked against: `any` there is what no schema declares, and must give no red line.
    {
      files: ["types/**"],
      rules: {
        "typescript/no-explicit-any": "off",
        "typescript/consistent-type-imports": "off",
        "typescript/no-redundant-type-constituents": "off",
        "typescript/no-wrapper-object-types": "off",
        "typescript/no-unnecessary-type-arguments": "off",
      },
    },
    // An Execution is awaitable by design, and a proxy must say that it is not.
    { files: ["src/client/**", "src/sandbox/guest/**"], rules: { "unicorn/no-thenable": "off" } },
  ],
});
