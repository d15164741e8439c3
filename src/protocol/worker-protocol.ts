/** The version of the worker protocol, which a worker names when it registers. */

/** Raised when a worker of the version before could not work with a server of this one, or the other way round. */
export const WORKER_PROTOCOL: number = 2;
/** The oldest that a server works with: servers are replaced before their workers. */
export const OLDEST_WORKER_PROTOCOL: number = 2;
