/** The one argument of `nodeEnrolment`; its id is `enrol/<node>`. */
export interface NodeEnrolmentInput {
  schema: 1;
  node: string;
}
