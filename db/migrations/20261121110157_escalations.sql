CREATE TABLE "escalation_members" (
	"workspace_id" text NOT NULL,
	"escalation" text NOT NULL,
	"incident_id" text NOT NULL,
	"joined_at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "escalation_members_workspace_id_escalation_incident_id_pk" PRIMARY KEY("workspace_id","escalation","incident_id")
);
--> statement-breakpoint
CREATE TABLE "escalations" (
	"workspace_id" text NOT NULL,
	"escalation" text NOT NULL,
	"class" text NOT NULL,
	"severity" text NOT NULL,
	"window_seconds" integer NOT NULL,
	"opened_at" timestamptz(3) NOT NULL,
	"alerted_at" timestamptz(3),
	"reminded_at" timestamptz(3),
	"closed_at" timestamptz(3),
	"policy_digest" text NOT NULL,
	"version" integer NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "escalations_workspace_id_escalation_pk" PRIMARY KEY("workspace_id","escalation")
);
--> statement-breakpoint
ALTER TABLE "escalation_windows" ADD COLUMN "escalation" text;--> statement-breakpoint
ALTER TABLE "escalation_windows" ADD COLUMN "crossings" integer DEFAULT 0 NOT NULL;