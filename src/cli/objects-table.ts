import { type KubeObject, printRow } from "../model/index.ts";
import { plainTable } from "./plain-table.ts";

interface TableOptions {
  /** All columns, as with `-o wide`. */
  readonly wide: boolean;
  /** With the namespaces of what is in one, as with `--all-namespaces`. */
  readonly namespaced: boolean;
}

const wideColumns = new Set([
  "IP",
  "Node",
  "Nominated Node",
  "Readiness Gates",
  "Containers",
  "Images",
  "Selector",
  "Internal-IP",
  "External-IP",
  "OS-Image",
  "Kernel-Version",
  "Container-Runtime",
  "VolumeMode",
]);

/** Objects of one kind as `kubectl get` prints them. `nowSeconds`: since 1970. */
export function objectsTable(
  objects: readonly KubeObject[],
  nowSeconds: number,
  { wide, namespaced }: TableOptions,
): string {
  const rows = objects.map((object) => ({ namespace: object.metadata.namespace, cells: printRow(object, nowSeconds) }));
  const columns = Object.keys(rows[0]?.cells ?? {}).filter((column) => wide || !wideColumns.has(column));
  const spaces = namespaced && rows[0]?.namespace !== undefined;
  const head = [...(spaces ? ["NAMESPACE"] : []), ...columns.map((column) => column.toUpperCase())];
  const lines = rows.map(({ namespace = "", cells }) => [
    ...(spaces ? [namespace] : []),
    ...columns.map((column) => String(cells[column] ?? "")),
  ]);
  return plainTable(head, lines);
}
