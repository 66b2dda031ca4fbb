export { defaultNodeDelays, type NodeDelays } from "./delays.ts";
export { KubeProxies } from "./kube-proxy.ts";
export { Kubelets, type KubeletsOptions } from "./kubelets.ts";
