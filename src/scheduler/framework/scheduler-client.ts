/** The client whose budget requests of the scheduler and of its plugins spend. */
export const schedulerClient = "kube-scheduler";
