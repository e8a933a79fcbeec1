CREATE TABLE "log_anchors" (
	"workspace_id" text DEFAULT 'system' NOT NULL,
	"anchor_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "log_anchors_anchor_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"epoch" integer NOT NULL,
	"size" bigint NOT NULL,
	"root" "bytea" NOT NULL,
	"note" text NOT NULL,
	"node" text NOT NULL,
	"ak_name" text NOT NULL,
	"counter_before" bigint NOT NULL,
	"intended_at" timestamptz(3) NOT NULL,
	"completed_at" timestamptz(3),
	"counter_value" bigint,
	"evidence" text,
	"evidence_digest" text,
	"copied_at" timestamptz(3),
	"actor" text NOT NULL,
	"on_behalf_of" text
);
--> statement-breakpoint
ALTER TABLE "log_heads" ADD COLUMN "halted_at" timestamptz(3);--> statement-breakpoint
ALTER TABLE "log_heads" ADD COLUMN "anchor_missed_at" timestamptz(3);--> statement-breakpoint
CREATE INDEX "log_anchors_epoch" ON "log_anchors" USING btree ("epoch","anchor_id");--> statement-breakpoint
CREATE INDEX "log_anchors_counter" ON "log_anchors" USING btree ("epoch","node","ak_name","counter_before");--> statement-breakpoint
CREATE INDEX "log_anchors_completed" ON "log_anchors" USING btree ("epoch","anchor_id") WHERE completed_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX "log_anchors_uncopied" ON "log_anchors" USING btree ("anchor_id") WHERE completed_at IS NOT NULL AND copied_at IS NULL;--> statement-breakpoint
CREATE INDEX "two_person_grants" ON "two_person_requests" USING btree ("workspace_id","action","object") WHERE granted_at IS NOT NULL AND used_at IS NULL;--> statement-breakpoint
CREATE TRIGGER log_anchors_never_deleted BEFORE DELETE OR TRUNCATE ON log_anchors
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
