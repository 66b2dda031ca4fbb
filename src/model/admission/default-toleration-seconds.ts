import type { Toleration } from "../generated/api-types.ts";

const unreachable = "node.kubernetes.io/unreachable";
const notReady = "node.kubernetes.io/not-ready";

/** Tolerations of a pod after DefaultTolerationSeconds: 300 s on dead machines, unless it says something about that itself. */
export function withDefaultTolerations(tolerations: readonly Toleration[] | undefined): readonly Toleration[] {
  const given = tolerations ?? [];
  const missing = [notReady, unreachable].filter((key) => !given.some((toleration) => speaksOf(toleration, key)));
  if (missing.length === 0) return given;
  const added = missing.map((key) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 }));
  return [...given, ...added];
}

function speaksOf({ key = "", effect = "" }: Toleration, taint: string): boolean {
  return (key === "" || key === taint) && (effect === "" || effect === "NoExecute");
}
