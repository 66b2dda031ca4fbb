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
  return `${table.toString()}\n`;
}
