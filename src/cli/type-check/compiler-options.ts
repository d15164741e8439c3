/** How scripts are compiled: what the sandbox runs, no more. The same in `wilco init` and in `wilco check`. */
export const SCRIPT_COMPILER_OPTIONS = {
  target: "es2024",
  // The language as the sandbox has it; nothing of Node or of browsers.
  lib: ["es2024", "esnext.array", "esnext.collection", "esnext.iterator", "esnext.promise"],
  types: [] as string[],
  module: "preserve",
  moduleResolution: "bundler",
  moduleDetection: "force",
  resolveJsonModule: true,
  allowImportingTsExtensions: true,
  // Scripts run with their types blanked out.
  erasableSyntaxOnly: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  noEmit: true,
  allowJs: true,
  checkJs: true,
  skipLibCheck: true,
};

/** What a script is held to unless the tsconfig.json beside its types file says otherwise. */
export const STRICTNESS = { strict: true, noUncheckedIndexedAccess: true };
