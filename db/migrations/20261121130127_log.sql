CREATE TABLE "ledger_unsequenced" (
	"workspace_id" text DEFAULT 'system' NOT NULL,
	"batch_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "ledger_unsequenced_batch_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"entry_ids" bigint[] NOT NULL
);
--> statement-breakpoint
CREATE TABLE "log_heads" (
	"workspace_id" text DEFAULT 'system' NOT NULL,
	"epoch" integer NOT NULL,
	"origin" text NOT NULL,
	"verifier_key" text NOT NULL,
	"size" bigint NOT NULL,
	"root" "bytea" NOT NULL,
	"signed_size" bigint,
	"checkpoint" text,
	"signed_at" timestamptz(3),
	"opened_at" timestamptz(3) NOT NULL,
	"grown_at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "log_heads_workspace_id_epoch_pk" PRIMARY KEY("workspace_id","epoch")
);
--> statement-breakpoint
CREATE TABLE "log_index" (
	"epoch" integer NOT NULL,
	"idx" bigint NOT NULL,
	"entry_id" bigint NOT NULL,
	"workspace_id" text NOT NULL,
	CONSTRAINT "log_index_epoch_idx_pk" PRIMARY KEY("epoch","idx")
);
--> statement-breakpoint
CREATE TABLE "log_roots" (
	"workspace_id" text DEFAULT 'system' NOT NULL,
	"epoch" integer NOT NULL,
	"size" bigint NOT NULL,
	"root" "bytea" NOT NULL,
	"at" timestamptz(3) NOT NULL,
	CONSTRAINT "log_roots_epoch_size_pk" PRIMARY KEY("epoch","size")
);
--> statement-breakpoint
CREATE TABLE "log_tiles" (
	"workspace_id" text DEFAULT 'system' NOT NULL,
	"epoch" integer NOT NULL,
	"level" smallint NOT NULL,
	"n" bigint NOT NULL,
	"hashes" "bytea" NOT NULL,
	"root" "bytea" NOT NULL,
	CONSTRAINT "log_tiles_epoch_level_n_pk" PRIMARY KEY("epoch","level","n")
);
--> statement-breakpoint
CREATE UNIQUE INDEX "log_index_entry" ON "log_index" USING btree ("entry_id");--> statement-breakpoint
CREATE INDEX "log_index_workspace" ON "log_index" USING btree ("workspace_id","epoch","idx");