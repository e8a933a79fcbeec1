CREATE TABLE "log_key_rotations" (
	"workspace_id" text DEFAULT 'system' NOT NULL,
	"epoch" integer NOT NULL,
	"generation" integer NOT NULL,
	"old_key" text,
	"new_key" text,
	"note" text,
	"entry_index" bigint,
	"signed_size" bigint,
	"asked_at" timestamptz(3) NOT NULL,
	"entered_at" timestamptz(3),
	"published_at" timestamptz(3),
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "log_key_rotations_workspace_id_epoch_generation_pk" PRIMARY KEY("workspace_id","epoch","generation")
);
--> statement-breakpoint
ALTER TABLE "log_heads" ADD COLUMN "key_generation" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "log_heads" ADD COLUMN "handover_index" bigint;--> statement-breakpoint
CREATE UNIQUE INDEX "log_key_rotations_open" ON "log_key_rotations" USING btree ("workspace_id","epoch") WHERE published_at IS NULL;--> statement-breakpoint
CREATE TRIGGER log_key_rotations_never_deleted BEFORE DELETE OR TRUNCATE ON log_key_rotations
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
