/** Entry of the sandbox's thread. It may be started before anybody knows what for: the first message says. */
import { parentPort } from "node:worker_threads";
import type { ThreadData, ToThread } from "./messages.ts";
import { runThread } from "./thread-run.ts";

const port = parentPort;
if (!port) throw new Error("sandbox/thread is started as a worker thread");

let data: ThreadData | undefined;
const early: ToThread[] = [];
let receive = (message: ToThread): void => void early.push(message);

port.on("message", (message: ThreadData | ToThread) => {
  if (data) return receive(message as ToThread);
  data = message as ThreadData;
  // Its failure reaches the session as the thread's own error.
  void runThread({ send: (answer) => port.postMessage(answer), listen }, data);
});

function listen(next: (message: ToThread) => void): void {
  receive = next;
  for (const message of early.splice(0)) next(message);
}
