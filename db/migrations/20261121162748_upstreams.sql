CREATE TABLE "upstream_accounts" (
	"workspace_id" text NOT NULL,
	"name" text NOT NULL,
	"state" text NOT NULL,
	"issuer" text,
	"scope" text,
	"refreshable" boolean NOT NULL,
	"expires_at" timestamptz(3),
	"changed_at" timestamptz(3) NOT NULL,
	"error" text,
	"version" integer NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "upstream_accounts_workspace_id_name_pk" PRIMARY KEY("workspace_id","name"),
	CONSTRAINT "upstream_accounts_state" CHECK ("upstream_accounts"."state" IN ('logged_in', 'logged_out'))
);
--> statement-breakpoint
CREATE TABLE "upstream_probe_changes" (
	"workspace_id" text NOT NULL,
	"change_id" bigserial NOT NULL,
	"name" text NOT NULL,
	"probe" text NOT NULL,
	"ok" boolean NOT NULL,
	"code" text,
	"at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "upstream_probe_changes_workspace_id_change_id_pk" PRIMARY KEY("workspace_id","change_id")
);
--> statement-breakpoint
CREATE TABLE "upstream_probes" (
	"workspace_id" text NOT NULL,
	"name" text NOT NULL,
	"probe" text NOT NULL,
	"is_default" boolean NOT NULL,
	"ok" boolean,
	"code" text,
	"latency_ms" integer,
	"checked_at" timestamptz(3),
	"since" timestamptz(3) NOT NULL,
	"due_at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "upstream_probes_workspace_id_name_probe_pk" PRIMARY KEY("workspace_id","name","probe"),
	CONSTRAINT "upstream_probes_probe" CHECK ("upstream_probes"."probe" IN ('readiness', 'reference', 'auth', 'canary')),
	CONSTRAINT "upstream_probes_code" CHECK (("upstream_probes"."ok" IS FALSE) = ("upstream_probes"."code" IS NOT NULL))
);
--> statement-breakpoint
CREATE TABLE "upstream_requests" (
	"workspace_id" text NOT NULL,
	"request_id" text NOT NULL,
	"kind" text NOT NULL,
	"name" text,
	"input" text NOT NULL,
	"requested_at" timestamptz(3) NOT NULL,
	"expires_at" timestamptz(3) NOT NULL,
	"taken_at" timestamptz(3),
	"answered_at" timestamptz(3),
	"answer" text,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "upstream_requests_workspace_id_request_id_pk" PRIMARY KEY("workspace_id","request_id"),
	CONSTRAINT "upstream_requests_kind" CHECK ("upstream_requests"."kind" IN ('check', 'login', 'callback', 'refresh', 'logout')),
	CONSTRAINT "upstream_requests_answer" CHECK (("upstream_requests"."answered_at" IS NULL) = ("upstream_requests"."answer" IS NULL))
);
--> statement-breakpoint
CREATE INDEX "upstream_probe_changes_of" ON "upstream_probe_changes" USING btree ("workspace_id","name","probe","change_id");--> statement-breakpoint
CREATE INDEX "upstream_probes_due" ON "upstream_probes" USING btree ("probe","due_at");--> statement-breakpoint
CREATE INDEX "upstream_requests_waiting" ON "upstream_requests" USING btree ("requested_at") WHERE taken_at IS NULL;--> statement-breakpoint
CREATE INDEX "upstream_requests_expired" ON "upstream_requests" USING btree ("expires_at");