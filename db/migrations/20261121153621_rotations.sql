CREATE TABLE "rotation_steps" (
	"workspace_id" text NOT NULL,
	"rotation_id" text NOT NULL,
	"version" integer NOT NULL,
	"step" text NOT NULL,
	"undo" boolean NOT NULL,
	"outcome" text NOT NULL,
	"code" text,
	"evidence" jsonb NOT NULL,
	"at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "rotation_steps_workspace_id_rotation_id_version_pk" PRIMARY KEY("workspace_id","rotation_id","version")
);
--> statement-breakpoint
CREATE TABLE "rotations" (
	"workspace_id" text NOT NULL,
	"rotation_id" text NOT NULL,
	"row" text NOT NULL,
	"subject" text NOT NULL,
	"state" text NOT NULL,
	"step" text,
	"dry_run" boolean NOT NULL,
	"overlap_seconds" integer NOT NULL,
	"compromised" boolean NOT NULL,
	"overlap_until" timestamptz(3),
	"staged_at" timestamptz(3),
	"cut_over_at" timestamptz(3),
	"new_proved_at" timestamptz(3),
	"old_proved_at" timestamptz(3),
	"attempts" integer NOT NULL,
	"next_attempt_at" timestamptz(3),
	"failed_step" text,
	"failure" text,
	"reason" text NOT NULL,
	"ticket" text,
	"created_at" timestamptz(3) NOT NULL,
	"finished_at" timestamptz(3),
	"memory" jsonb NOT NULL,
	"version" integer NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "rotations_workspace_id_rotation_id_pk" PRIMARY KEY("workspace_id","rotation_id"),
	CONSTRAINT "rotations_state" CHECK ("rotations"."state" IN ('running', 'undoing', 'completed', 'undone', 'failed')),
	CONSTRAINT "rotations_over" CHECK (("rotations"."state" IN ('running', 'undoing')) = ("rotations"."finished_at" IS NULL)),
	CONSTRAINT "rotations_proved" CHECK ("rotations"."state" <> 'completed' OR "rotations"."dry_run" OR ("rotations"."new_proved_at" IS NOT NULL AND "rotations"."old_proved_at" IS NOT NULL))
);
--> statement-breakpoint
CREATE UNIQUE INDEX "rotations_running" ON "rotations" USING btree ("workspace_id","row","subject") WHERE finished_at IS NULL;--> statement-breakpoint
CREATE INDEX "rotations_list" ON "rotations" USING btree ("workspace_id","created_at","rotation_id");