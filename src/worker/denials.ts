/** Notices that the server does not let this worker in any more: its token was revoked or has expired. */
import type { WorkerApi } from "./api.ts";
import { isDenial } from "./repeat.ts";

/** The same calls; each that is denied is told besides. The goodbye is not: whoever says it leaves anyway. */
export function noticeDenials(api: WorkerApi, onDenied: (error: unknown) => void): WorkerApi {
  const notice = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      if (isDenial(error)) onDenied(error);
      throw error;
    }
  };
  return {
    register: (...args) => notice(api.register(...args)),
    claim: (...args) => notice(api.claim(...args)),
    heartbeat: (...args) => notice(api.heartbeat(...args)),
    report: (...args) => notice(api.report(...args)),
    finish: (...args) => notice(api.finish(...args)),
    reloaded: (...args) => notice(api.reloaded(...args)),
    stop: (...args) => api.stop(...args),
    content: (...args) => notice(api.content(...args)),
  };
}
