CREATE TABLE "operator_keys" (
	"workspace_id" text NOT NULL,
	"key_id" text NOT NULL,
	"user_id" text NOT NULL,
	"algorithm" text NOT NULL,
	"public_key" "bytea" NOT NULL,
	"roles" text[] NOT NULL,
	"registered_at" timestamptz(3) NOT NULL,
	"not_after" timestamptz(3),
	"revoked_at" timestamptz(3),
	"revoked_by" text,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "operator_keys_workspace_id_key_id_pk" PRIMARY KEY("workspace_id","key_id"),
	CONSTRAINT "operator_keys_ed25519" CHECK ("operator_keys"."algorithm" = 'ed25519' AND octet_length("operator_keys"."public_key") = 32),
	CONSTRAINT "operator_keys_revoked" CHECK (("operator_keys"."revoked_at" IS NULL) = ("operator_keys"."revoked_by" IS NULL))
);
--> statement-breakpoint
ALTER TABLE "decisions" ADD COLUMN "envelope" text;