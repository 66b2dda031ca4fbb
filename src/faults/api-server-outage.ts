import type { Strike } from "./strike.ts";

/** kube-apiserver refuses every request; watches stay silent. */
export const apiServerOutage: Strike = (_fault, { api }) => {
  api.up = false;
  return {
    subject: "kube-apiserver",
    heal: () => {
      api.up = true;
    },
  };
};
