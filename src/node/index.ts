export { defaultNodeDelays, type NodeDelays } from "./delays.ts";
export { KubeProxies } from "./kube-proxy.ts";
export type { KubeletSettings } from "./kubelet-settings.ts";
export { Kubelets, type KubeletsOptions } from "./kubelets.ts";
export { sizeWith } from "./machine-size.ts";
export { type SettingsProblem, settingsProblems } from "./settings-problems.ts";
