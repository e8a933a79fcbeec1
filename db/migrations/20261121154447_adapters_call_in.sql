CREATE TABLE "adapter_events" (
	"workspace_id" text NOT NULL,
	"adapter_id" text NOT NULL,
	"webhook_id" text NOT NULL,
	"incident_id" text,
	"received_at" timestamptz(3) NOT NULL,
	"expires_at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "adapter_events_workspace_id_adapter_id_webhook_id_pk" PRIMARY KEY("workspace_id","adapter_id","webhook_id")
);
--> statement-breakpoint
ALTER TABLE "adapters" ADD COLUMN "classes" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
CREATE INDEX "adapter_events_expiry" ON "adapter_events" USING btree ("expires_at");