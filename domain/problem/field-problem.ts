// A refusal of input names every field that is wrong, and what is wrong with it, in words that do not repeat the input.

/** `path` as `childPath` writes it: `evidence.subject`, `classes.prompt_injection.actions[0]`; '' is the whole input. */
export interface FieldProblem {
  path: string;
  code: string;
}
