/** The one argument of `integrityRound`; its id is `integrity-round/<baseline>`. `node` is the host of the files. */
export interface IntegrityRoundInput {
  schema: 1;
  node: string;
  baseline: string;
}
