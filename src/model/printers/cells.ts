import { humanDuration } from "../age.ts";
import type { LabelSelector } from "../generated/api-types.ts";
import { sortedEntries } from "../metadata-validation.ts";
import type { Time } from "../object-meta.ts";
import { formatLabelSelector } from "../selectors.ts";
import { parseTime } from "../wall-clock.ts";

/** A row by column name, in the order of the columns; `-o wide` ones included. */
export type Cells = Readonly<Record<string, string | number>>;

/** AGE of an instant: `<unknown>` when there is none. */
export function ageOf(time: Time | undefined, nowSeconds: number): string {
  const parsed = time === undefined ? undefined : parseTime(time);
  return parsed === undefined ? "<unknown>" : humanDuration((nowSeconds - parsed.seconds) * 1000);
}

/** `a=b,c=d` with sorted keys, `<none>` for no labels. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const entries = sortedEntries(labels);
  return entries.length === 0 ? "<none>" : entries.map(([key, value]) => `${key}=${value}`).join(",");
}

export function selectorText(selector: LabelSelector | undefined): string {
  return formatLabelSelector(selector);
}

interface WithContainers {
  readonly spec?: { readonly containers?: readonly { readonly name: string; readonly image?: string }[] };
}

export function containerCells(template: WithContainers | undefined): {
  readonly Containers: string;
  readonly Images: string;
} {
  const containers = template?.spec?.containers ?? [];
  return {
    Containers: containers.map(({ name }) => name).join(","),
    Images: containers.map(({ image }) => image ?? "").join(","),
  };
}
