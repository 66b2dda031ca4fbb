export { defaultNodeDelays, type NodeDelays } from "./delays.ts";
export { KubeProxies } from "./kube-proxy.ts";
export {
  type KubeletSettings,
  type SettingsProblem,
  settingsProblems,
  sizeWith,
} from "./kubelet-settings.ts";
export { Kubelets, type KubeletsOptions } from "./kubelets.ts";
