/** The one argument of `nodeEnrolment`; its id is `enrol/<node>`. */
export interface NodeEnrolmentInput {
  schema: 1;
  node: string;
  /** The node is on record with another TPM, and two people have let this one take its place. */
  replace?: true;
}
