import type { Pod } from "../generated/api-types.ts";

/** What the Priority plugin needs of a PriorityClass. */
export interface PriorityClassLike {
  readonly name: string;
  readonly value: number;
  readonly globalDefault?: boolean;
  readonly preemptionPolicy?: string | null;
}

type PriorityFields = Pick<Pod["spec"], "priority" | "priorityClassName" | "preemptionPolicy">;

/** The fields that the plugin sets, or why it forbids the pod (the text after `pods "p" is forbidden: `). */
export function resolvePriority(
  spec: PriorityFields,
  classes: readonly PriorityClassLike[],
): PriorityFields | { readonly forbidden: string } {
  const { priorityClassName = "" } = spec;
  const chosen =
    priorityClassName === "" ? globalDefault(classes) : classes.find(({ name }) => name === priorityClassName);
  if (chosen === undefined && priorityClassName !== "") {
    return { forbidden: `no PriorityClass with name ${priorityClassName} was found` };
  }
  const priority = chosen?.value ?? 0;
  if (spec.priority !== undefined && spec.priority !== priority) {
    return {
      forbidden: `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${priority} from the given PriorityClass name`,
    };
  }
  const policy = chosen === undefined ? "PreemptLowerPriority" : (chosen.preemptionPolicy ?? undefined);
  if (spec.preemptionPolicy !== undefined && policy !== undefined && spec.preemptionPolicy !== policy) {
    return {
      forbidden: `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    };
  }
  return {
    priority,
    ...(chosen !== undefined && { priorityClassName: chosen.name }),
    ...((policy ?? spec.preemptionPolicy) !== undefined && { preemptionPolicy: policy ?? spec.preemptionPolicy! }),
  };
}

/** The default class; the one with the lowest value if several claim to be it. */
function globalDefault(classes: readonly PriorityClassLike[]): PriorityClassLike | undefined {
  let lowest: PriorityClassLike | undefined;
  for (const candidate of classes) {
    if (candidate.globalDefault === true && (lowest === undefined || candidate.value < lowest.value))
      lowest = candidate;
  }
  return lowest;
}
