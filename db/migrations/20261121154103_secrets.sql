CREATE TABLE "lease_subjects" (
	"workspace_id" text NOT NULL,
	"subject" text NOT NULL,
	"lease_epoch" bigint NOT NULL,
	"epoch_at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "lease_subjects_workspace_id_subject_pk" PRIMARY KEY("workspace_id","subject")
);
--> statement-breakpoint
CREATE TABLE "leases" (
	"workspace_id" text NOT NULL,
	"lease_id" text NOT NULL,
	"slot" text NOT NULL,
	"subject" text NOT NULL,
	"secret_digest" "bytea" NOT NULL,
	"slot_epoch" bigint NOT NULL,
	"subject_epoch" bigint NOT NULL,
	"vault_generation" bigint NOT NULL,
	"issued_at" timestamptz(3) NOT NULL,
	"renewed_at" timestamptz(3),
	"not_after" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "leases_workspace_id_lease_id_pk" PRIMARY KEY("workspace_id","lease_id"),
	CONSTRAINT "leases_digest" CHECK (length("leases"."secret_digest") = 32)
);
--> statement-breakpoint
CREATE TABLE "master_keys" (
	"workspace_id" text PRIMARY KEY NOT NULL,
	"key_id" text NOT NULL,
	"pinned_at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "master_keys_one" CHECK ("master_keys"."workspace_id" = 'system')
);
--> statement-breakpoint
CREATE TABLE "secret_slots" (
	"workspace_id" text NOT NULL,
	"slot" text NOT NULL,
	"kind" text NOT NULL,
	"class" text NOT NULL,
	"wrapped_key" text NOT NULL,
	"current_version" integer NOT NULL,
	"lease_epoch" bigint DEFAULT 0 NOT NULL,
	"epoch_reason" text,
	"epoch_at" timestamptz(3),
	"alerted_generation" bigint,
	"created_at" timestamptz(3) NOT NULL,
	"updated_at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "secret_slots_workspace_id_slot_pk" PRIMARY KEY("workspace_id","slot"),
	CONSTRAINT "secret_slots_class" CHECK ("secret_slots"."class" IN ('subject', 'control')),
	CONSTRAINT "secret_slots_key" CHECK ("secret_slots"."wrapped_key" LIKE 'interlock-key.v1.%')
);
--> statement-breakpoint
CREATE TABLE "secret_versions" (
	"workspace_id" text NOT NULL,
	"slot" text NOT NULL,
	"version" integer NOT NULL,
	"envelope" text NOT NULL,
	"rolled_back_to" integer,
	"exposed_since" timestamptz(3),
	"created_at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "secret_versions_workspace_id_slot_version_pk" PRIMARY KEY("workspace_id","slot","version"),
	CONSTRAINT "secret_versions_envelope" CHECK ("secret_versions"."envelope" LIKE 'interlock-secret.v1.%')
);
--> statement-breakpoint
ALTER TABLE "secret_versions" ADD CONSTRAINT "secret_versions_slot" FOREIGN KEY ("workspace_id","slot") REFERENCES "public"."secret_slots"("workspace_id","slot") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "leases_slot" ON "leases" USING btree ("workspace_id","slot","slot_epoch","not_after");--> statement-breakpoint
CREATE INDEX "leases_subject" ON "leases" USING btree ("workspace_id","subject","not_after","lease_id");