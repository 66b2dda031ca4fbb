import { ScenarioError } from "../complaint.ts";

/** A machine of Alibaba's openb trace. */
export interface OpenbNode {
  readonly name: string;
  readonly cpuMillicores: number;
  readonly memoryMib: number;
  readonly gpus: number;
  /** "" without GPUs. */
  readonly model: string;
}

/** A pod of Alibaba's openb trace; instants in seconds from the trace's zero. */
export interface OpenbPod {
  readonly name: string;
  readonly cpuMillicores: number;
  readonly memoryMib: number;
  readonly gpus: number;
  /** Thousandths of each GPU. */
  readonly gpuMilli: number;
  /** Models it may run on; none: any. */
  readonly models: readonly string[];
  readonly createdSeconds: number;
  readonly deletedSeconds: number;
}

/** Reads openb_node_list_*.csv. */
export function parseOpenbNodes(text: string, file: string): OpenbNode[] {
  const table = new Table(text, file, ["sn", "cpu_milli", "memory_mib", "gpu", "model"]);
  return table.rows.map((row) => ({
    name: table.text(row, "sn"),
    cpuMillicores: table.number(row, "cpu_milli"),
    memoryMib: table.number(row, "memory_mib"),
    gpus: table.number(row, "gpu"),
    model: table.text(row, "model"),
  }));
}

/** Reads openb_pod_list_*.csv. */
export function parseOpenbPods(text: string, file: string): OpenbPod[] {
  const columns = [
    "name",
    "cpu_milli",
    "memory_mib",
    "num_gpu",
    "gpu_milli",
    "gpu_spec",
    "creation_time",
    "deletion_time",
  ];
  const table = new Table(text, file, columns);
  return table.rows.map((row) => ({
    name: table.text(row, "name"),
    cpuMillicores: table.number(row, "cpu_milli"),
    memoryMib: table.number(row, "memory_mib"),
    gpus: table.number(row, "num_gpu"),
    gpuMilli: table.number(row, "gpu_milli"),
    models: table
      .text(row, "gpu_spec")
      .split("|")
      .filter((model) => model !== ""),
    createdSeconds: table.number(row, "creation_time"),
    deletedSeconds: table.number(row, "deletion_time"),
  }));
}

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

/** Comma-separated values without quotes, with a head. Complains with file and line. */
class Table {
  readonly rows: readonly Row[];
  readonly #file: string;
  readonly #places: ReadonlyMap<string, number>;

  constructor(text: string, file: string, columns: readonly string[]) {
    const [head = "", ...lines] = text.trimEnd().split(/\r?\n/);
    this.#file = file;
    this.#places = new Map(head.split(",").map((name, place) => [name, place]));
    for (const column of columns) if (!this.#places.has(column)) this.#complain(1, `a column ${column}`, head);
    this.rows = lines.map((line, index) => ({ line: index + 2, cells: line.split(",") }));
  }

  text({ cells }: Row, column: string): string {
    return cells[this.#places.get(column)!] ?? "";
  }

  number(row: Row, column: string): number {
    const text = this.text(row, column);
    const number = Number(text);
    if (text === "" || !Number.isFinite(number) || number < 0)
      this.#complain(row.line, `a ${column} of at least 0`, text);
    return number;
  }

  #complain(line: number, expected: string, found: string): never {
    const at = { file: this.#file, line, column: 1 };
    throw new ScenarioError([{ code: "BAD_TRACE", at, path: "", expected, found: JSON.stringify(found) }]);
  }
}
