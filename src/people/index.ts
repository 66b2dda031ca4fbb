export { People } from "./people.ts";
