/** What differs between the engines, in one place: fragments of SQL and types of columns. */

/** What a claim may take; the words of the partial index `entry_claim`, so that the planner recognises it. */
export const CLAIMABLE = "status = 'queued' AND (exclusive = 0 OR head = 1)";

/** Condition: the route (an expression) is not paused. Once a route, not once a row: it does not depend on the row. */
export function notPaused(route: string): string {
  return `NOT EXISTS (SELECT 1 FROM paused_route WHERE paused_route.route = ${route})`;
}

/** What stands before the first wildcard of a glob. */
export function prefixOf(glob: string): string {
  return /^[^*?]*/.exec(glob)![0];
}

/** Types that batches of rows can have; both engines name them differently. */
export type ColumnType = "int" | "text";

export interface Dialect {
  readonly engine: "sqlite" | "postgres";
  /** Row locks; empty on SQLite, where the transaction is the only writer anyway. */
  readonly forUpdate: string;
  /** Does not conflict with foreign-key checks on the locked row. */
  readonly forNoKeyUpdate: string;
  readonly forShare: string;
  readonly skipLocked: string;
  /** A query whose `locked` is 1 when this transaction alone does the maintenance; "" where there is one process. */
  readonly maintenanceLock: string;
  /** The planner knows how frequent a value is, and chooses indexes by it. */
  readonly countsValues: boolean;
  /** A query of how many other connections of wilco this database has (`others`); "" where there is one process. */
  readonly otherConnections: string;
  /** Types for `CREATE TABLE`. */
  readonly types: { id: string; int: string; bytes: string; labels: string };
  readonly tableSuffix: string;
  /** Tables for the bytes of content, where they are in the database. */
  readonly contentChunks: readonly string[];
  /**
   * A table expression of one JSON parameter: `rows("v", { id: "int" }, "$1")` gives `(…) AS v`. So a batch of any
   * size is one statement text, prepared once; lists of placeholders would be a new text for each size.
   */
  rows(alias: string, columns: Record<string, ColumnType>, parameter: string): string;
  /**
   * The same of rows written by `writeRows`, for many rows with many columns: PostgreSQL spends a third of such an insert
   * on reading JSON that is the same in each row.
   */
  writtenRows(alias: string, columns: Record<string, ColumnType>, parameter: string): string;
  /** Rows with the same columns as the parameter of `writtenRows`. */
  writeRows(rows: ReadonlyArray<Readonly<Record<string, unknown>>>): string;
  /**
   * Condition that joins a table by its key to `rows` whose column `key` it is. PostgreSQL plans a batch for 100 rows and
   * while its statistics are young reads the whole table for them (274 µs an entry at the end of 4,000, and worse the more
   * there are); with the keys named a second time it reads only those.
   */
  matches(column: string, alias: string, key: string, parameter: string): string;
  /**
   * A text column in a condition that no index may be chosen for: the planner takes "queued" for rare, and would read all
   * that are to find the few whose ids are given.
   */
  unindexed(column: string): string;
  /**
   * The first $n claimable rows (id, priority) of each of `routes` routes, whose placeholders start at `first`: a merge
   * of short range scans of the partial index, never a sort of the backlog. Locked where the engine has row locks. A
   * paused route has none.
   * @param condition of the rows of `entry`.
   */
  firstOfRoutes(routes: number, first: number, limit: string, condition: string): string;
  /** Condition: `column` is in the JSON array parameter of integers. */
  inIds(column: string, parameter: string): string;
  /** Condition: `column` is in the JSON array parameter of texts. */
  inTexts(column: string, parameter: string): string;
  /**
   * Behind a table in FROM: the index to read it by, for orders that the planner would rather sort for than follow.
   * Empty where planners take no orders.
   */
  indexedBy(index: string): string;
  /** The text value of a label; `key` is a placeholder. */
  labelValue(column: string, key: string): string;
  /** Condition: the labels have every key and value of the JSON object parameter. */
  labelsContain(column: string, parameter: string): string;
  /**
   * Query of the ids of resources with all of these labels, found by an index instead of in each row.
   * @param bind gives the placeholder of a text.
   */
  labelled(labels: ReadonlyArray<readonly [string, string]>, bind: (text: string) => string): string;
  /**
   * Query of the ids of resources whose name matches a glob, from an index. What stands before its first wildcard is a
   * range, because neither engine looks into a pattern that is a parameter.
   */
  namedLike(glob: string, bind: (text: string) => string): string;
  /** Query of the ids in the JSON array parameter. */
  idList(parameter: string): string;
  /** What joins the resources below another one, as `child`, one by one along the index of parents. */
  joinChildren(parent: string): string;
  /** Condition: `column` is one of the ids of a query, which is run once and never merged with what is around it. */
  idIn(column: string, query: string): string;
  /** Condition: `column` matches the pattern that `globPattern` made; letter case counts on both engines. */
  glob(column: string, pattern: string): string;
  /** A glob (`*` any run, `?` one character, nothing else special) as the engine writes it. */
  globPattern(glob: string): string;
  /** Placeholder of a label document written as JSON text. */
  labelInput(placeholder: string): string;
}
