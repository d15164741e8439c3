/**
 * Group commit: what arrives while a batch is under way goes into the next one, and is answered after its commit. One
 * bad item must not abort the others (one NUL in one worker's output did): a batch that fails is retried item by item.
 */

export interface GroupCommit<Item, Answer> {
  add(item: Item): Promise<Answer>;
}

interface Waiting<Item, Answer> {
  item: Item;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

/**
 * @param commit runs one transaction for all items; answers in their order.
 * @param size items' weights add up to at most `max` a batch (one item may exceed it alone).
 */
export function createGroupCommit<Item, Answer>(options: {
  commit: (items: Item[]) => Promise<Answer[]>;
  size: (item: Item) => number;
  max: number;
}): GroupCommit<Item, Answer> {
  const waiting: Array<Waiting<Item, Answer>> = [];
  let running = false;

  function nextBatch(): Array<Waiting<Item, Answer>> {
    let total = 0;
    let count = 0;
    for (const { item } of waiting) {
      total += options.size(item);
      if (count > 0 && total > options.max) break;
      count++;
    }
    return waiting.splice(0, count);
  }

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const batch = nextBatch();
      try {
        const answers = await options.commit(batch.map(({ item }) => item));
        batch.forEach(({ resolve }, index) => resolve(answers[index]!));
      } catch (error) {
        if (batch.length === 1) batch[0]!.reject(error);
        else await singly(batch);
      }
    }
    running = false;
  }

  async function singly(batch: Array<Waiting<Item, Answer>>): Promise<void> {
    for (const { item, resolve, reject } of batch) {
      try {
        const [answer] = await options.commit([item]);
        resolve(answer!);
      } catch (error) {
        reject(error);
      }
    }
  }

  return {
    add(item) {
      return new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        if (running) return;
        running = true;
        // After the current tick's I/O, so that requests which arrived together travel together.
        setImmediate(() => void run());
      });
    },
  };
}
