CREATE TABLE "forensic_exports" (
	"workspace_id" text NOT NULL,
	"export_id" text NOT NULL,
	"bundle_hash" text NOT NULL,
	"key_id" text NOT NULL,
	"exported_at" timestamptz(3) NOT NULL,
	"incidents" bigint NOT NULL,
	"audit_entries" bigint NOT NULL,
	"policy_digest" text,
	"epoch" integer NOT NULL,
	"requested_at" timestamptz(3) NOT NULL,
	"expires_at" timestamptz(3) NOT NULL,
	"signed_at" timestamptz(3),
	"signature_ed25519" text,
	"failed_at" timestamptz(3),
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "forensic_exports_workspace_id_export_id_pk" PRIMARY KEY("workspace_id","export_id"),
	CONSTRAINT "forensic_exports_hash" CHECK ("forensic_exports"."bundle_hash" ~ '^[0-9a-f]{64}$'),
	CONSTRAINT "forensic_exports_end" CHECK ("forensic_exports"."signed_at" IS NULL OR "forensic_exports"."failed_at" IS NULL)
);
--> statement-breakpoint
CREATE INDEX "forensic_exports_pending" ON "forensic_exports" USING btree ("epoch","expires_at") WHERE signed_at IS NULL AND failed_at IS NULL;--> statement-breakpoint
CREATE INDEX "challenges_reattest" ON "challenges" USING btree ("workspace_id","created_at","challenge_id") WHERE purpose = 'reattest';