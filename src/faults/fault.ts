import type { ObjectKey } from "../model/index.ts";

/** Which machine a fault strikes: one that meets all of these at that instant. */
export interface MachineSelector {
  readonly runs?: { readonly workload: string; readonly namespace: string };
  readonly pool?: string;
  readonly zone?: string;
  readonly name?: string;
}

/** What happens to the world, and until when. Instants and durations in virtual microseconds; no `forUs`: to the end. */
export type Fault = { readonly atUs: number; readonly forUs?: number; readonly text: string } & (
  | {
      readonly kind: "machine-crash" | "machine-freeze" | "machine-shutdown" | "kubelet-stop" | "runtime-not-ready";
      readonly where: MachineSelector;
    }
  | { readonly kind: "network-partition"; readonly where: MachineSelector; readonly from: "control-plane" | "all" }
  | { readonly kind: "zone-outage"; readonly zone: string }
  /** `sales`: what cannot be bought, each `pool/zone`; `what` says it in words. */
  | { readonly kind: "out-of-capacity"; readonly sales: readonly string[]; readonly what: string }
  | { readonly kind: "spot-interruption"; readonly where: MachineSelector; readonly count: number }
  | { readonly kind: "cloud-throttling" }
  | { readonly kind: "pod-kill"; readonly workload: string; readonly namespace: string; readonly count: number }
  | { readonly kind: "traffic-spike"; readonly to: ObjectKey; readonly factor: number }
  | { readonly kind: "api-server-outage" }
  | { readonly kind: "registry-slow"; readonly factor: number }
  | { readonly kind: "component-crash" | "component-partition"; readonly component: string }
);
