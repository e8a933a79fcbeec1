CREATE TABLE "capture_windows" (
	"workspace_id" text NOT NULL,
	"window_id" text NOT NULL,
	"level" text NOT NULL,
	"ticket" text,
	"wrapped_key" text NOT NULL,
	"opened_at" timestamptz(3) NOT NULL,
	"not_after" timestamptz(3) NOT NULL,
	"closed_at" timestamptz(3),
	"close_reason" text,
	"captured" integer DEFAULT 0 NOT NULL,
	"dropped" integer DEFAULT 0 NOT NULL,
	"version" integer NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "capture_windows_workspace_id_window_id_pk" PRIMARY KEY("workspace_id","window_id"),
	CONSTRAINT "capture_windows_level" CHECK ("capture_windows"."level" IN ('errors', 'full')),
	CONSTRAINT "capture_windows_day" CHECK ("capture_windows"."not_after" <= "capture_windows"."opened_at" + interval '24 hours'),
	CONSTRAINT "capture_windows_full" CHECK ("capture_windows"."level" <> 'full' OR ("capture_windows"."ticket" IS NOT NULL AND "capture_windows"."not_after" <= "capture_windows"."opened_at" + interval '30 minutes')),
	CONSTRAINT "capture_windows_key" CHECK ("capture_windows"."wrapped_key" LIKE 'interlock-key.v1.%')
);
--> statement-breakpoint
CREATE TABLE "debug_captures" (
	"workspace_id" text NOT NULL,
	"capture_id" text NOT NULL,
	"window_id" text NOT NULL,
	"source" text NOT NULL,
	"at" timestamptz(3) NOT NULL,
	"method" text NOT NULL,
	"path_template" text NOT NULL,
	"status" integer,
	"envelope" text NOT NULL,
	"expires_at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "debug_captures_workspace_id_capture_id_pk" PRIMARY KEY("workspace_id","capture_id"),
	CONSTRAINT "debug_captures_envelope" CHECK ("debug_captures"."envelope" LIKE 'interlock-secret.v1.%')
);
--> statement-breakpoint
CREATE TABLE "runtime_settings" (
	"workspace_id" text PRIMARY KEY NOT NULL,
	"permission_mode" text NOT NULL,
	"version" integer NOT NULL,
	"updated_at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "runtime_settings_mode" CHECK ("runtime_settings"."permission_mode" IN ('ask', 'dont-ask'))
);
--> statement-breakpoint
ALTER TABLE "two_person_requests" ADD COLUMN "asked_in" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "two_person_requests" ADD COLUMN "refused_at" timestamptz(3);--> statement-breakpoint
ALTER TABLE "debug_captures" ADD CONSTRAINT "debug_captures_window" FOREIGN KEY ("workspace_id","window_id") REFERENCES "public"."capture_windows"("workspace_id","window_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "capture_windows_open" ON "capture_windows" USING btree ("workspace_id") WHERE closed_at IS NULL;--> statement-breakpoint
CREATE INDEX "capture_windows_wrapped_by" ON "capture_windows" USING btree (split_part("wrapped_key", '.', 3),"workspace_id","window_id");--> statement-breakpoint
CREATE INDEX "capture_windows_list" ON "capture_windows" USING btree ("workspace_id","opened_at","window_id");--> statement-breakpoint
CREATE INDEX "debug_captures_list" ON "debug_captures" USING btree ("workspace_id","at","capture_id");--> statement-breakpoint
CREATE INDEX "debug_captures_of_window" ON "debug_captures" USING btree ("workspace_id","window_id","at","capture_id");--> statement-breakpoint
CREATE INDEX "debug_captures_expiry" ON "debug_captures" USING btree ("expires_at");