import CliTable from "cli-table3";

/** Columns apart by blanks, as kubectl prints them. */
export function plainTable(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const none = {
    top: "",
    "top-mid": "",
    "top-left": "",
    "top-right": "",
    bottom: "",
    "bottom-mid": "",
    "bottom-left": "",
    "bottom-right": "",
    left: "",
    "left-mid": "",
    mid: "",
    "mid-mid": "",
    right: "",
    "right-mid": "",
    middle: "   ",
  };
  const table = new CliTable({
    head: [...head],
    chars: none,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  table.push(...lines.map((line) => [...line]));
  // The last column is not padded.
  const lasts = [head, ...lines].map((line) => (line.at(-1) ?? "").length);
  const width = Math.max(...lasts);
  const printed = table.toString().split("\n");
  return `${printed.map((line, index) => line.slice(0, line.length - width + (lasts[index] ?? width))).join("\n")}\n`;
}
