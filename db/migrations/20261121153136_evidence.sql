CREATE TABLE "evidence_collections" (
	"workspace_id" text NOT NULL,
	"evidence_id" text NOT NULL,
	"incident_id" text NOT NULL,
	"manifest_digest" text NOT NULL,
	"files" integer NOT NULL,
	"bytes" bigint NOT NULL,
	"absent" integer NOT NULL,
	"collected_at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "evidence_collections_workspace_id_evidence_id_pk" PRIMARY KEY("workspace_id","evidence_id"),
	CONSTRAINT "evidence_collections_digest" CHECK ("evidence_collections"."manifest_digest" ~ '^[0-9a-f]{64}$')
);
--> statement-breakpoint
CREATE TABLE "process_histories" (
	"workspace_id" text NOT NULL,
	"workflow_id" text NOT NULL,
	"run_id" text NOT NULL,
	"type" text NOT NULL,
	"incident_id" text,
	"status" text,
	"digest" text,
	"bytes" bigint,
	"stored_at" timestamptz(3),
	"lost_at" timestamptz(3),
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "process_histories_workspace_id_workflow_id_run_id_pk" PRIMARY KEY("workspace_id","workflow_id","run_id"),
	CONSTRAINT "process_histories_digest" CHECK ("process_histories"."digest" ~ '^[0-9a-f]{64}$'),
	CONSTRAINT "process_histories_end" CHECK (("process_histories"."stored_at" IS NULL) <> ("process_histories"."lost_at" IS NULL) AND ("process_histories"."stored_at" IS NULL) = ("process_histories"."digest" IS NULL) AND ("process_histories"."digest" IS NULL) = ("process_histories"."bytes" IS NULL))
);
--> statement-breakpoint
ALTER TABLE "process" ADD COLUMN "history_at" timestamptz(3);--> statement-breakpoint
CREATE INDEX "evidence_collections_incident" ON "evidence_collections" USING btree ("workspace_id","incident_id","collected_at","evidence_id");--> statement-breakpoint
CREATE INDEX "process_histories_incident" ON "process_histories" USING btree ("workspace_id","incident_id","workflow_id","run_id") WHERE incident_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX "notifications_incident" ON "notifications" USING btree ("workspace_id","incident_id","id") WHERE incident_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX "process_unstored" ON "process" USING btree ("over_at","workspace_id","workflow_id") WHERE over_at IS NOT NULL AND (history_at IS NULL OR history_at < over_at);--> statement-breakpoint
CREATE TRIGGER process_histories_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON process_histories
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER evidence_collections_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence_collections
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
