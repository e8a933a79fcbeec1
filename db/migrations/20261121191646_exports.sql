CREATE TABLE "export_approvals" (
	"workspace_id" text NOT NULL,
	"export_id" text NOT NULL,
	"requested_by" text NOT NULL,
	"role" text NOT NULL,
	"at" timestamptz(3) NOT NULL,
	"not_after" timestamptz(3) NOT NULL,
	"entry" text NOT NULL,
	"single_operator" boolean NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "export_approvals_workspace_id_export_id_actor_pk" PRIMARY KEY("workspace_id","export_id","actor"),
	CONSTRAINT "export_approvals_others" CHECK ("export_approvals"."single_operator" OR "export_approvals"."actor" <> "export_approvals"."requested_by")
);
--> statement-breakpoint
CREATE TABLE "exports" (
	"workspace_id" text NOT NULL,
	"export_id" text NOT NULL,
	"name" text NOT NULL,
	"bundle_version" text NOT NULL,
	"destination" jsonb NOT NULL,
	"key" text NOT NULL,
	"retain_until" timestamptz(3),
	"state" text NOT NULL,
	"mode" text NOT NULL,
	"quorum" jsonb NOT NULL,
	"policy_digest" text NOT NULL,
	"expires_at" timestamptz(3) NOT NULL,
	"digest" text,
	"transition_digest" text,
	"manifest" text,
	"findings" jsonb NOT NULL,
	"would_block" jsonb NOT NULL,
	"reason_code" text,
	"held" boolean NOT NULL,
	"basis" jsonb,
	"lifted_by" jsonb,
	"granted_at" timestamptz(3),
	"statement" text,
	"statement_digest" text,
	"handle" text,
	"received" bigint NOT NULL,
	"archive_sha256" text,
	"integrity_checked_at" timestamptz(3),
	"airlock_checked_at" timestamptz(3),
	"commit_opened_at" timestamptz(3),
	"commit_generation" bigint,
	"closed_during_commit" boolean NOT NULL,
	"attempts" integer NOT NULL,
	"next_attempt_at" timestamptz(3),
	"failure" text,
	"reason" text NOT NULL,
	"ticket" text,
	"ended_by" text,
	"ended_reason" text,
	"created_at" timestamptz(3) NOT NULL,
	"pending_since" timestamptz(3),
	"last_nudge_at" timestamptz(3),
	"finished_at" timestamptz(3),
	"version" integer NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "exports_workspace_id_export_id_pk" PRIMARY KEY("workspace_id","export_id"),
	CONSTRAINT "exports_requester" UNIQUE("workspace_id","export_id","actor"),
	CONSTRAINT "exports_state" CHECK ("exports"."state" IN ('requested', 'preflight', 'pending_approval', 'approved', 'waived', 'overridden', 'exporting', 'exported',
        'rejected', 'expired', 'blocked', 'failed', 'cancelled')),
	CONSTRAINT "exports_mode" CHECK ("exports"."mode" IN ('enforce', 'advisory')),
	CONSTRAINT "exports_over" CHECK (("exports"."state" IN ('exported', 'rejected', 'expired', 'failed', 'cancelled') OR ("exports"."state" = 'blocked' AND NOT "exports"."held"))
        = ("exports"."finished_at" IS NOT NULL)),
	CONSTRAINT "exports_held" CHECK (NOT "exports"."held" OR "exports"."state" = 'blocked'),
	CONSTRAINT "exports_blocked" CHECK ("exports"."state" <> 'blocked' OR "exports"."reason_code" IS NOT NULL),
	CONSTRAINT "exports_granted" CHECK ("exports"."state" NOT IN ('approved', 'waived', 'overridden', 'exporting', 'exported') OR coalesce("exports"."granted_at" IS NOT NULL
        AND "exports"."digest" IS NOT NULL AND CASE "exports"."basis" ->> 'kind'
          WHEN 'approval' THEN jsonb_array_length("exports"."basis" -> 'approvals') > 0
          WHEN 'waiver' THEN length("exports"."basis" ->> 'waiver_id') > 0
          WHEN 'advisory' THEN "exports"."mode" = 'advisory'
          ELSE false END, false)),
	CONSTRAINT "exports_checked" CHECK ("exports"."state" <> 'exported' OR ("exports"."integrity_checked_at" IS NOT NULL AND "exports"."airlock_checked_at" IS NOT NULL
        AND "exports"."airlock_checked_at" >= "exports"."integrity_checked_at" AND "exports"."archive_sha256" IS NOT NULL AND "exports"."statement_digest" IS NOT NULL)),
	CONSTRAINT "exports_digest" CHECK ("exports"."digest" ~ '^[0-9a-f]{64}$' AND "exports"."archive_sha256" ~ '^[0-9a-f]{64}$')
);
--> statement-breakpoint
ALTER TABLE "export_approvals" ADD CONSTRAINT "export_approvals_export" FOREIGN KEY ("workspace_id","export_id","requested_by") REFERENCES "public"."exports"("workspace_id","export_id","actor") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "exports_list" ON "exports" USING btree ("workspace_id","created_at","export_id");--> statement-breakpoint
CREATE INDEX "exports_by_state" ON "exports" USING btree ("workspace_id","state","created_at","export_id");--> statement-breakpoint
CREATE INDEX "exports_by_bundle" ON "exports" USING btree ("workspace_id","name","created_at","export_id");--> statement-breakpoint
CREATE INDEX "exports_by_reason" ON "exports" USING btree ("workspace_id","reason_code","created_at","export_id") WHERE reason_code IS NOT NULL;--> statement-breakpoint
CREATE INDEX "exports_held" ON "exports" USING btree ("workspace_id","reason_code") WHERE held;