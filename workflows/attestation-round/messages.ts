/** The one argument of `attestationRound`; its id is `attestation-round/<node>`. */
export interface AttestationRoundInput {
  schema: 1;
  node: string;
}
