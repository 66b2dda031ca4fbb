export { drain } from "./drain.ts";
export { People } from "./people.ts";
