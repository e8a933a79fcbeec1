CREATE TABLE "integrity_standings" (
	"workspace_id" text NOT NULL,
	"baseline" text NOT NULL,
	"node" text NOT NULL,
	"missed_checks" integer NOT NULL,
	"check_pending" boolean NOT NULL,
	"version" integer NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "integrity_standings_workspace_id_baseline_pk" PRIMARY KEY("workspace_id","baseline")
);
--> statement-breakpoint
ALTER TABLE "two_person_requests" ADD COLUMN "used_at" timestamptz(3);