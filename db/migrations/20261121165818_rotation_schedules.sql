CREATE TABLE "rotation_schedules" (
	"workspace_id" text NOT NULL,
	"schedule_id" text NOT NULL,
	"row" text NOT NULL,
	"subject" text NOT NULL,
	"every_days" integer NOT NULL,
	"overlap_seconds" integer NOT NULL,
	"next_due_at" timestamptz(3) NOT NULL,
	"look_at" timestamptz(3) NOT NULL,
	"last_rotation_id" text,
	"failure" text,
	"failing_since" timestamptz(3),
	"created_at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "rotation_schedules_workspace_id_schedule_id_pk" PRIMARY KEY("workspace_id","schedule_id"),
	CONSTRAINT "rotation_schedules_period" CHECK ("rotation_schedules"."every_days" BETWEEN 1 AND 3650),
	CONSTRAINT "rotation_schedules_failing" CHECK (("rotation_schedules"."failure" IS NULL) = ("rotation_schedules"."failing_since" IS NULL))
);
--> statement-breakpoint
CREATE UNIQUE INDEX "rotation_schedules_of" ON "rotation_schedules" USING btree ("workspace_id","row","subject");--> statement-breakpoint
CREATE INDEX "rotation_schedules_list" ON "rotation_schedules" USING btree ("workspace_id","created_at","schedule_id");--> statement-breakpoint
CREATE INDEX "rotation_schedules_look" ON "rotation_schedules" USING btree ("look_at");