/** `wilco doctor` */
import { formatDuration } from "../../core/durations.ts";
import type { DoctorAnswer, Finding } from "../../domain/doctor.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { printDocument } from "../output/documents.ts";
import { sentence } from "../output/error-text.ts";
import { formatCard } from "../output/table.ts";
import { typedCommand } from "../reattach.ts";
import { openRemote } from "../remote.ts";

/** 0: nothing is wrong; 1: something is. */
export async function doctorCommand(context: Context): Promise<number> {
  const { output } = context;
  const { api, connection } = await openRemote(context);
  const answer = await api.doctor();
  await printDocument(output, answer, () =>
    [...answer.findings.map((finding) => cardOf(finding)), figuresOf(answer)].join("\n"),
  );
  return answer.healthy ? EXIT.succeeded : EXIT.failed;

  function cardOf({ level, message, hint, commands }: Finding): string {
    const name = level === "error" ? output.paint.red("error  ") : output.paint.yellow("warning");
    const [first = "", ...rest] = formatCard(
      [
        ["warning", sentence(message)],
        ["", sentence(hint)],
      ],
      output.width,
    ).split("\n");
    const typed = commands.map(
      (command) => `         ${output.paint.cyan(typedCommand(context, connection.url, command))}\n`,
    );
    return `${name}${first.slice("warning".length)}\n${rest.join("\n")}${typed.join("")}`;
  }

  function figuresOf({ healthy, findings, figures }: DoctorAnswer): string {
    const { red, green } = output.paint;
    const verdict = healthy
      ? green("Nothing is wrong.")
      : red(findings.length === 1 ? "1 thing is wrong." : `${findings.length} things are wrong.`);
    const ms = (value: number | null) => (value === null ? "failed" : formatDuration(value));
    const database = `${figures.engine} ${figures.databaseVersion}, round trip ${ms(figures.roundTrip)}, write ${ms(figures.write)}`;
    return `${verdict} ${database}; ${figures.liveWorkers} live ${figures.liveWorkers === 1 ? "worker" : "workers"}, ${figures.queued} queued, ${figures.running} running.\n`;
  }
}
