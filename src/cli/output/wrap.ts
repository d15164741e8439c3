import { stripVTControlCharacters } from "node:util";

/** A text in lines of at most `width` characters, broken at blanks. A word that is longer stays whole: it may be copied. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line: string | undefined;
    for (const word of paragraph.split(" ")) {
      const longer: string = line === undefined ? word : `${line} ${word}`;
      if (line === undefined || lengthOf(longer) <= width) line = longer;
      else {
        lines.push(line);
        line = word;
      }
    }
    lines.push(line ?? "");
  }
  return lines;
}

/** Characters, without colours. */
export function lengthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}
