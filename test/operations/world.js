/** A queue without server or worker process: tests call the operations as the server would, and play the worker. */
import { pino } from "pino";
import { openDatabase } from "../../src/database/database.js";
import { createTargets } from "../../src/inventory/targets.js";
import { unknownResource } from "../../src/inventory/resources.js";
import { createOperations } from "../../src/operations/operations.js";
export const migrated = {
    migrate: async (place) => (await openDatabase(optionsOf(place))).close(),
};
export function optionsOf(place) {
    return place.engine === "sqlite" ? { dataDir: place.dataDir } : { url: place.url };
}
export const alice = { name: "alice", role: "operator", zones: null, roles: null };
export const bob = { name: "bob", role: "operator", zones: null, roles: null };
export const workerToken = { name: "worker-token", role: "worker", zones: null, roles: null };
/** Operations of the type: work (exclusive, lost when its worker dies), redo (exclusive, repeatable), look (not exclusive). */
export async function createWorld(engineWorld, settings = {}) {
    const place = await engineWorld.createDatabase(migrated);
    const database = await openDatabase(optionsOf(place));
    engineWorld.onCleanup(() => database.close());
    await seed(database);
    return { place, database, ...serve(engineWorld, database, settings) };
}
/** One more server on the same database. */
export function serve(engineWorld, database, settings = {}) {
    const operations = createOperations({
        database,
        targets: createTargets({ openConnection: (stored) => JSON.parse(stored), unknownResource }),
        log: pino({ level: "silent" }),
        settings,
    });
    engineWorld.onCleanup(() => operations.stop());
    const never = new AbortController().signal;
    async function submitOne(submission, principal = alice, key) {
        const answer = await operations.submit(principal, { entries: [submission] }, key);
        const [outcome] = answer.entries;
        if (!outcome || "error" in outcome)
            throw Object.assign(new Error(outcome?.error.message), outcome?.error);
        return outcome.entry;
    }
    async function register(name = "w1", options = {}) {
        const answer = await operations.registerWorker(workerToken, {
            name,
            zone: options.zone ?? "default",
            roles: ["automate"],
            capacity: options.capacity ?? 10,
            host: "test",
            pid: 1,
            version: "0",
            types: [],
            succession: options.succession ?? `succession-of-${name}-0123456789`,
        });
        return answer.session;
    }
    let claims = 0;
    return {
        operations,
        never,
        submitOne,
        submit: (resource, operation, more = {}) => submitOne({ resource, operation, ...more }),
        register,
        async claim(session, options = {}) {
            const claimId = options.claimId ?? `claim-${process.pid}-${claims++}`;
            const request = { claimId, slots: options.slots ?? 10, wait: options.wait ?? 0 };
            return (await operations.claim(workerToken, session, request, never)).assignments;
        },
        async finish(session, assignment, more = {}) {
            const item = {
                entry: assignment.entry,
                attempt: assignment.attempt,
                finishId: `finish-${assignment.entry}-${assignment.attempt}`,
                lastChunk: 0,
                status: "succeeded",
                ...more,
            };
            return (await operations.finish(workerToken, session, { finishes: [item] })).finishes[0];
        },
        async events(id) {
            return (await operations.events(id, { limit: 10_000 }, never)).events;
        },
        async eventTypes(id) {
            return (await operations.events(id, {}, never)).events.map((event) => event.type);
        },
    };
}
export const operation = (name, more = {}) => ({
    name,
    description: null,
    parameters: { type: "object", properties: { n: { type: "number", default: 1 } }, additionalProperties: false },
    result: null,
    timeout: 60_000,
    exclusive: true,
    onLost: "lose",
    maxAttempts: 3,
    role: null,
    weight: 1,
    argv: null,
    poll: {},
    implementation: null,
    ...more,
});
export const thing = {
    name: "thing",
    description: null,
    version: "1",
    role: "automate",
    runsOn: "any",
    connection: { type: "object" },
    configuration: null,
    check: "check",
    operations: {
        work: operation("work"),
        redo: operation("redo", { onLost: "requeue" }),
        look: operation("look", { exclusive: false }),
        check: operation("check", { exclusive: false, onLost: "requeue" }),
    },
    builtin: true,
};
export async function seed(database, names = ["a", "b", "c"]) {
    await database.transaction(async (tx) => {
        await tx.query("INSERT INTO resource_type (name, version, descriptor, builtin, updated_at) VALUES ('thing', '1', $1, 1, 1) ON CONFLICT DO NOTHING", [JSON.stringify(thing)]);
        for (const name of names) {
            await tx.query(`INSERT INTO resource (name, type, zone, labels, connection, availability, version, created_at, updated_at)
         VALUES ($1, 'thing', 'default', ${tx.dialect.labelInput("$2")}, '{}', 'unknown', 1, 1, 1)`, [name, "{}"]);
        }
    });
}
/** Every row that the database says must not be, in words; empty in a sound queue. */
export async function unsound(database) {
    const problems = [];
    const check = async (what, text) => {
        for (const row of await database.query(text))
            problems.push(`${what}: ${row.id}`);
    };
    await check("queued with no head on its resource", `SELECT id FROM entry e WHERE status = 'queued' AND exclusive = 1
       AND NOT EXISTS (SELECT 1 FROM entry h WHERE h.resource = e.resource AND h.head = 1)`);
    await check("events with a gap", `SELECT e.id FROM entry e WHERE e.last_event <> (SELECT count(*) FROM entry_event v WHERE v.entry = e.id)
       OR e.last_event <> (SELECT max(seq) FROM entry_event v WHERE v.entry = e.id)`);
    await check("lease of what does not run", "SELECT id FROM entry WHERE lease_expires IS NOT NULL AND finished_at IS NOT NULL");
    return problems;
}
