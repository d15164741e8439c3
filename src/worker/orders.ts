/** Orders that come with the heartbeat's answers: each is obeyed once, and its answer sent until it has arrived. */
import { messageOf, WilcoError } from "../core/errors.ts";
import type { JsonObject } from "../core/json.ts";
import type { WorkerCommand, WorkerOrder } from "../domain/worker.ts";
import type { OrderAnswer } from "../protocol/messages.ts";
import type { Log } from "../resource-types/log.ts";

export interface Orders {
  obey(orders: readonly WorkerOrder[]): void;
  /** Answers that the server has not confirmed. */
  unsent(): OrderAnswer[];
  /** A heartbeat with these was answered. */
  confirm(answers: readonly OrderAnswer[]): void;
}

export interface OrdersOptions {
  /** What to do, and what to answer. What throws is answered as an error. */
  commands: Record<WorkerCommand, () => JsonObject | Promise<JsonObject>>;
  /** There is an answer to send. */
  onAnswer: () => void;
  log: Log;
}

/** An order may be named again by an answer that crossed ours; older ids than these no longer are. */
const REMEMBERED = 1_000;

export function createOrders({ commands, onAnswer, log }: OrdersOptions): Orders {
  const known = new Set<number>();
  const answers = new Map<number, OrderAnswer>();

  async function obeyOne({ id, command }: WorkerOrder): Promise<void> {
    log.info({ command }, "order received");
    try {
      answers.set(id, { id, answer: await commands[command]() });
    } catch (error) {
      log.error({ command, error: messageOf(error) }, "the order could not be obeyed");
      const { code, message, hint } =
        error instanceof WilcoError ? error : { code: "internal", message: messageOf(error), hint: undefined };
      answers.set(id, {
        id,
        error: { code, message: message.slice(0, 4_096), ...(hint === undefined ? {} : { hint }) },
      });
    }
    onAnswer();
  }

  return {
    obey(orders) {
      for (const order of orders) {
        if (known.has(order.id)) continue;
        known.add(order.id);
        if (known.size > REMEMBERED) known.delete(known.values().next().value!);
        void obeyOne(order);
      }
    },
    unsent: () => [...answers.values()],
    confirm(sent) {
      for (const { id } of sent) answers.delete(id);
    },
  };
}
