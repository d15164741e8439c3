/** Entry of the sandbox's thread. It may be started before anybody knows what for: the first message says. */
import { parentPort } from "node:worker_threads";
import type { ToInteractive } from "./interactive-messages.ts";
import type { ThreadData, ToThread } from "./messages.ts";
import { runThread } from "./thread-run.ts";

const port = parentPort;
if (!port) throw new Error("sandbox/thread is started as a worker thread");

type Message = ToThread | ToInteractive;
let data: ThreadData | undefined;
const early: Message[] = [];
let receive = (message: Message): void => void early.push(message);

port.on("message", (message: ThreadData | Message) => {
  if (data) return receive(message as Message);
  data = message as ThreadData;
  const send = (answer: unknown): void => port.postMessage(answer);
  // Its failure reaches the session as the thread's own error.
  if (data.interactive) void startInteractive(data, send);
  else void runThread({ send, listen: (next) => listen(next as (message: Message) => void) }, data);
});

async function startInteractive(data: ThreadData, send: (answer: unknown) => void): Promise<void> {
  const { runInteractiveThread } = await import("./interactive-thread.ts");
  await runInteractiveThread({ send, listen: (next) => listen(next as (message: Message) => void) }, data);
}

function listen(next: (message: Message) => void): void {
  receive = next;
  for (const message of early.splice(0)) next(message);
}
