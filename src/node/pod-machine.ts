import type { Container, Pod } from "../model/index.ts";
import type { BackOffs } from "./back-offs.ts";
import type { Host } from "./host.ts";
import type { ImageManager } from "./image-manager.ts";
import type { KubeletApi } from "./kubelet-api.ts";
import type { Runtime } from "./runtime.ts";
import type { RuntimePod } from "./runtime-pod.ts";
import type { Execution } from "./work.ts";

/** What starting and stopping a pod's containers needs of its worker and kubelet. */
export interface PodMachine {
  readonly pod: Pod;
  readonly held: RuntimePod;
  readonly execution: Execution;
  readonly runtime: Runtime;
  readonly host: Host;
  readonly images: ImageManager;
  readonly api: KubeletApi;
  readonly crashLoops: BackOffs;
  /** It has been asked to end, which the sync under way does not know. */
  readonly ending: boolean;
  nowUs(): number;
  /** When the kubelet's housekeeping last swept old back-offs. */
  sweptUs(): number;
  containerEvent(container: Container, type: "Normal" | "Warning", reason: string, message: string): void;
  podEvent(type: "Normal" | "Warning", reason: string, message: string): void;
}
