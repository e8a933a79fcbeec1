CREATE TABLE "export_overrides" (
	"workspace_id" text NOT NULL,
	"override_id" text NOT NULL,
	"ticket" text NOT NULL,
	"reason" text NOT NULL,
	"opened_at" timestamptz(3) NOT NULL,
	"not_after" timestamptz(3) NOT NULL,
	"ended_at" timestamptz(3),
	"end_reason" text,
	"ended_by" text,
	"spent_by" text,
	"review_due" timestamptz(3) NOT NULL,
	"reviewed_at" timestamptz(3),
	"reviewed_by" text,
	"review_note" text,
	"single_operator" boolean DEFAULT false NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "export_overrides_workspace_id_override_id_pk" PRIMARY KEY("workspace_id","override_id"),
	CONSTRAINT "export_overrides_hour" CHECK ("export_overrides"."not_after" > "export_overrides"."opened_at" AND "export_overrides"."not_after" <= "export_overrides"."opened_at" + interval '60 minutes'),
	CONSTRAINT "export_overrides_end" CHECK ("export_overrides"."end_reason" IN ('spent', 'cleared', 'expired')),
	CONSTRAINT "export_overrides_ended" CHECK (("export_overrides"."ended_at" IS NULL) = ("export_overrides"."end_reason" IS NULL) AND ("export_overrides"."ended_at" IS NULL) = ("export_overrides"."ended_by" IS NULL)),
	CONSTRAINT "export_overrides_spent" CHECK (("export_overrides"."spent_by" IS NOT NULL) = ("export_overrides"."end_reason" IS NOT DISTINCT FROM 'spent')),
	CONSTRAINT "export_overrides_reviewed" CHECK (("export_overrides"."reviewed_at" IS NULL) = ("export_overrides"."reviewed_by" IS NULL) AND ("export_overrides"."reviewed_at" IS NULL) = ("export_overrides"."review_note" IS NULL)),
	CONSTRAINT "export_overrides_second_person" CHECK ("export_overrides"."reviewed_by" <> "export_overrides"."actor" OR "export_overrides"."single_operator")
);
--> statement-breakpoint
CREATE TABLE "governance_lines" (
	"workspace_id" text NOT NULL,
	"bundle_digest" text NOT NULL,
	"seq" integer NOT NULL,
	"waiver_id" text NOT NULL,
	"event" text NOT NULL,
	"prev_hash" text NOT NULL,
	"hash" text NOT NULL,
	"line" text NOT NULL,
	"at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "governance_lines_workspace_id_bundle_digest_seq_pk" PRIMARY KEY("workspace_id","bundle_digest","seq"),
	CONSTRAINT "governance_lines_event" CHECK ("governance_lines"."event" IN ('waived', 'revoked')),
	CONSTRAINT "governance_lines_first" CHECK ("governance_lines"."seq" >= 1 AND ("governance_lines"."seq" = 1) = ("governance_lines"."prev_hash" = repeat('0', 64))),
	CONSTRAINT "governance_lines_hash" CHECK ("governance_lines"."hash" ~ '^[0-9a-f]{64}$')
);
--> statement-breakpoint
CREATE TABLE "governance_waivers" (
	"workspace_id" text NOT NULL,
	"waiver_id" text NOT NULL,
	"digest" text NOT NULL,
	"bundle_name" text NOT NULL,
	"bundle_version" text NOT NULL,
	"bundle_digest" text NOT NULL,
	"transition_digest" text NOT NULL,
	"scope" text NOT NULL,
	"license_digest" text NOT NULL,
	"role" text NOT NULL,
	"identity" text NOT NULL,
	"key_id" text NOT NULL,
	"envelope" text NOT NULL,
	"waived_at" timestamptz(3) NOT NULL,
	"not_after" timestamptz(3) NOT NULL,
	"revoked_at" timestamptz(3),
	"revoked_by" text,
	"revoke_reason" text,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "governance_waivers_workspace_id_waiver_id_pk" PRIMARY KEY("workspace_id","waiver_id"),
	CONSTRAINT "governance_waivers_scope" CHECK ("governance_waivers"."scope" = 'export_unapproved'),
	CONSTRAINT "governance_waivers_digests" CHECK ("governance_waivers"."digest" ~ '^[0-9a-f]{64}$' AND "governance_waivers"."bundle_digest" ~ '^sha256:[0-9a-f]{64}$'),
	CONSTRAINT "governance_waivers_week" CHECK ("governance_waivers"."not_after" > "governance_waivers"."waived_at" AND "governance_waivers"."not_after" <= "governance_waivers"."waived_at" + interval '7 days'),
	CONSTRAINT "governance_waivers_revoked" CHECK (("governance_waivers"."revoked_at" IS NULL) = ("governance_waivers"."revoked_by" IS NULL) AND ("governance_waivers"."revoked_at" IS NULL) = ("governance_waivers"."revoke_reason" IS NULL))
);
--> statement-breakpoint
ALTER TABLE "governance_lines" ADD CONSTRAINT "governance_lines_waiver" FOREIGN KEY ("workspace_id","waiver_id") REFERENCES "public"."governance_waivers"("workspace_id","waiver_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "export_overrides_standing" ON "export_overrides" USING btree ("workspace_id") WHERE ended_at IS NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "export_overrides_spent_by" ON "export_overrides" USING btree ("workspace_id","spent_by");--> statement-breakpoint
CREATE INDEX "export_overrides_list" ON "export_overrides" USING btree ("workspace_id","opened_at","override_id");--> statement-breakpoint
CREATE INDEX "export_overrides_unreviewed" ON "export_overrides" USING btree ("workspace_id","review_due","override_id") WHERE reviewed_at IS NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "governance_lines_event" ON "governance_lines" USING btree ("workspace_id","waiver_id","event");--> statement-breakpoint
CREATE UNIQUE INDEX "governance_waivers_digest" ON "governance_waivers" USING btree ("workspace_id","digest");--> statement-breakpoint
CREATE INDEX "governance_waivers_standing" ON "governance_waivers" USING btree ("workspace_id","bundle_digest","transition_digest","not_after") WHERE revoked_at IS NULL;--> statement-breakpoint
CREATE INDEX "governance_waivers_list" ON "governance_waivers" USING btree ("workspace_id","waived_at","waiver_id");--> statement-breakpoint
CREATE INDEX "governance_waivers_of_bundle" ON "governance_waivers" USING btree ("workspace_id","bundle_digest","waived_at","waiver_id");--> statement-breakpoint
CREATE INDEX "registry_bundles_transition" ON "registry_bundles" USING btree ("workspace_id",("manifest"::jsonb ->> 'transition_digest'),"name","version");--> statement-breakpoint
CREATE TRIGGER governance_lines_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON governance_lines
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER governance_waivers_never_deleted BEFORE DELETE OR TRUNCATE ON governance_waivers
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER export_overrides_never_deleted BEFORE DELETE OR TRUNCATE ON export_overrides
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- A waiver is revoked once; nothing else of it ever changes.
CREATE FUNCTION revoke_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE revocation CONSTANT text[] := ARRAY['revoked_at', 'revoked_by', 'revoke_reason'];
BEGIN
  IF OLD.revoked_at IS NOT NULL OR to_jsonb(NEW) - revocation <> to_jsonb(OLD) - revocation THEN
    RAISE EXCEPTION 'a waiver is only ever revoked, once' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER governance_waivers_revoke_once BEFORE UPDATE ON governance_waivers
  FOR EACH ROW EXECUTE FUNCTION revoke_once();
--> statement-breakpoint
-- An override ends once and is reviewed once: what ended never stands again, whoever writes.
CREATE FUNCTION end_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  ending CONSTANT text[] := ARRAY['ended_at', 'end_reason', 'ended_by', 'spent_by'];
  review CONSTANT text[] := ARRAY['reviewed_at', 'reviewed_by', 'review_note', 'single_operator'];
  before jsonb := to_jsonb(OLD);
BEGIN
  IF OLD.ended_at IS NULL THEN before := before - ending; END IF;
  IF OLD.reviewed_at IS NULL THEN before := before - review; END IF;
  IF NOT to_jsonb(NEW) @> before THEN
    RAISE EXCEPTION 'an override ends once, is reviewed once, and changes no more' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER export_overrides_end_once BEFORE UPDATE ON export_overrides
  FOR EACH ROW EXECUTE FUNCTION end_once();
