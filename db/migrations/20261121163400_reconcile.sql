CREATE TABLE "adapter_children" (
	"workspace_id" text NOT NULL,
	"lease_id" text NOT NULL,
	"adapter_id" text NOT NULL,
	"adapter_version" integer NOT NULL,
	"slots" jsonb NOT NULL,
	"token_digest" "bytea" NOT NULL,
	"started_at" timestamptz(3) NOT NULL,
	"heartbeat_at" timestamptz(3),
	"not_after" timestamptz(3) NOT NULL,
	"ended_at" timestamptz(3),
	"end_code" text,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "adapter_children_workspace_id_lease_id_pk" PRIMARY KEY("workspace_id","lease_id"),
	CONSTRAINT "adapter_children_digest" CHECK (length("adapter_children"."token_digest") = 32)
);
--> statement-breakpoint
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
CREATE TABLE "deliveries" (
	"workspace_id" text NOT NULL,
	"delivery_id" text NOT NULL,
	"hook" text NOT NULL,
	"notification_id" bigint NOT NULL,
	"severity_rank" smallint NOT NULL,
	"body" text NOT NULL,
	"state" text NOT NULL,
	"attempts" integer NOT NULL,
	"next_attempt_at" timestamptz(3),
	"last_error" text,
	"created_at" timestamptz(3) NOT NULL,
	"settled_at" timestamptz(3),
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "deliveries_workspace_id_delivery_id_pk" PRIMARY KEY("workspace_id","delivery_id"),
	CONSTRAINT "deliveries_state" CHECK ("deliveries"."state" IN ('pending', 'delivered', 'dead'))
);
--> statement-breakpoint
ALTER TABLE "adapters" ALTER COLUMN "url" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "adapters" ALTER COLUMN "secret_ref" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "adapters" ADD COLUMN "command" text;--> statement-breakpoint
ALTER TABLE "adapters" ADD COLUMN "args" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "adapters" ADD COLUMN "credential_slots" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "adapters" ADD COLUMN "classes" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "notifications" ADD COLUMN "fanned_out" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "adapter_children_live" ON "adapter_children" USING btree ("workspace_id","adapter_id") WHERE ended_at IS NULL;--> statement-breakpoint
CREATE INDEX "adapter_events_expiry" ON "adapter_events" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "deliveries_once" ON "deliveries" USING btree ("workspace_id","notification_id","hook");--> statement-breakpoint
CREATE INDEX "deliveries_listed" ON "deliveries" USING btree ("workspace_id","created_at","delivery_id");--> statement-breakpoint
CREATE INDEX "deliveries_by_state" ON "deliveries" USING btree ("workspace_id","state","created_at","delivery_id");--> statement-breakpoint
CREATE INDEX "adapters_children" ON "adapters" USING btree ("workspace_id","adapter_id") WHERE state = 'active' AND mode = 'child_process';--> statement-breakpoint
CREATE INDEX "notifications_unfanned" ON "notifications" USING btree ("id") WHERE NOT fanned_out;--> statement-breakpoint
ALTER TABLE "adapters" ADD CONSTRAINT "adapters_mode" CHECK (CASE "adapters"."mode" WHEN 'external' THEN "adapters"."url" IS NOT NULL AND "adapters"."secret_ref" IS NOT NULL AND "adapters"."command" IS NULL
        WHEN 'child_process' THEN "adapters"."url" IS NULL AND "adapters"."command" IS NOT NULL ELSE false END);