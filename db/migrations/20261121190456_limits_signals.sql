CREATE TABLE "limit_refusals" (
	"workspace_id" text NOT NULL,
	"signal" text NOT NULL,
	"minute" timestamptz(3) NOT NULL,
	"n" integer NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "limit_refusals_workspace_id_signal_minute_pk" PRIMARY KEY("workspace_id","signal","minute"),
	CONSTRAINT "limit_refusals_n" CHECK ("limit_refusals"."n" > 0)
);
--> statement-breakpoint
CREATE TABLE "slo_signals" (
	"workspace_id" text NOT NULL,
	"signal" text NOT NULL,
	"level" text NOT NULL,
	"since" timestamptz(3),
	"judged_at" timestamptz(3) NOT NULL,
	"version" integer NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "slo_signals_workspace_id_signal_pk" PRIMARY KEY("workspace_id","signal"),
	CONSTRAINT "slo_signals_level" CHECK ("slo_signals"."level" IN ('ok', 'warn', 'page') AND ("slo_signals"."level" = 'ok') = ("slo_signals"."since" IS NULL))
);
--> statement-breakpoint
CREATE INDEX "limit_refusals_age" ON "limit_refusals" USING btree ("minute");--> statement-breakpoint
CREATE INDEX "secret_versions_exposed" ON "secret_versions" USING btree ("exposed_since") WHERE exposed_since IS NOT NULL AND destroyed_at IS NULL;