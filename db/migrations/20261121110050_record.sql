CREATE SEQUENCE "public"."incident_number" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE TABLE "adapter_targets" (
	"workspace_id" text NOT NULL,
	"adapter_id" text NOT NULL,
	"gate" text NOT NULL,
	"target" text NOT NULL,
	"due" boolean NOT NULL,
	"severity_rank" smallint NOT NULL,
	"due_at" timestamptz(3) NOT NULL,
	"attempts" integer NOT NULL,
	"next_attempt_at" timestamptz(3),
	"sending" integer NOT NULL,
	"sent_at" timestamptz(3),
	"sent_state" text,
	"sent_own" bigint NOT NULL,
	"sent_instance" bigint NOT NULL,
	"acked_at" timestamptz(3),
	"acknowledged_state" text,
	"acknowledged_generation" bigint NOT NULL,
	"held_own" bigint NOT NULL,
	"held_instance" bigint NOT NULL,
	"last_error" text,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "adapter_targets_workspace_id_adapter_id_gate_target_pk" PRIMARY KEY("workspace_id","adapter_id","gate","target")
);
--> statement-breakpoint
CREATE TABLE "adapters" (
	"workspace_id" text NOT NULL,
	"adapter_id" text NOT NULL,
	"name" text NOT NULL,
	"mode" text NOT NULL,
	"url" text NOT NULL,
	"actions" text[] NOT NULL,
	"gates" text[] NOT NULL,
	"secret_ref" text NOT NULL,
	"previous_secret_ref" text,
	"internal" boolean NOT NULL,
	"state" text NOT NULL,
	"created_at" timestamptz(3) NOT NULL,
	"retired_at" timestamptz(3),
	"retired_by" jsonb,
	"last_ack_at" timestamptz(3),
	"last_latency_ms" integer,
	"last_error" text,
	"failing_since" timestamptz(3),
	"trial_id" text,
	"trial_done_id" text,
	"trial_error" text,
	"trial_latency_ms" integer,
	"version" integer NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "adapters_workspace_id_adapter_id_pk" PRIMARY KEY("workspace_id","adapter_id"),
	CONSTRAINT "adapters_state" CHECK ("adapters"."state" IN ('active', 'retired'))
);
--> statement-breakpoint
CREATE TABLE "attestation_nodes" (
	"workspace_id" text NOT NULL,
	"node" text NOT NULL,
	"state" text NOT NULL,
	"ek_public" text NOT NULL,
	"ek_certificate" text,
	"ek_trust" text NOT NULL,
	"ak_public" text NOT NULL,
	"ak_name" text NOT NULL,
	"enrolled_at" timestamptz(3) NOT NULL,
	"retired_at" timestamptz(3),
	"replaced_by" text,
	"counters" jsonb,
	"reboot_pending" boolean NOT NULL,
	"missed_quotes" integer NOT NULL,
	"last_passed" boolean,
	"last_result_at" timestamptz(3),
	"last_pass_at" timestamptz(3),
	"version" integer NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "attestation_nodes_workspace_id_node_pk" PRIMARY KEY("workspace_id","node")
);
--> statement-breakpoint
CREATE TABLE "attestation_results" (
	"workspace_id" text NOT NULL,
	"result_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "attestation_results_result_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"node" text NOT NULL,
	"challenge_id" text NOT NULL,
	"passed" boolean NOT NULL,
	"simulated" boolean NOT NULL,
	"claims" text NOT NULL,
	"evidence" text NOT NULL,
	"reference_version" integer NOT NULL,
	"at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text
);
--> statement-breakpoint
CREATE TABLE "challenges" (
	"workspace_id" text NOT NULL,
	"challenge_id" text NOT NULL,
	"node" text NOT NULL,
	"nonce" text NOT NULL,
	"expected" text,
	"purpose" text NOT NULL,
	"incidents" jsonb NOT NULL,
	"created_at" timestamptz(3) NOT NULL,
	"expires_at" timestamptz(3) NOT NULL,
	"used_at" timestamptz(3),
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "challenges_workspace_id_challenge_id_pk" PRIMARY KEY("workspace_id","challenge_id")
);
--> statement-breakpoint
CREATE TABLE "integrity_baselines" (
	"workspace_id" text NOT NULL,
	"baseline" text NOT NULL,
	"version" integer NOT NULL,
	"envelope" text NOT NULL,
	"digest" text NOT NULL,
	"reason" text NOT NULL,
	"ticket" text,
	"created_at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "integrity_baselines_workspace_id_baseline_version_pk" PRIMARY KEY("workspace_id","baseline","version")
);
--> statement-breakpoint
CREATE TABLE "integrity_results" (
	"workspace_id" text NOT NULL,
	"result_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "integrity_results_result_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"baseline" text NOT NULL,
	"baseline_version" integer NOT NULL,
	"passed" boolean NOT NULL,
	"differences" text NOT NULL,
	"total_differences" integer NOT NULL,
	"at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text
);
--> statement-breakpoint
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
CREATE TABLE "reference_values" (
	"workspace_id" text NOT NULL,
	"node" text NOT NULL,
	"version" integer NOT NULL,
	"envelope" text NOT NULL,
	"digest" text NOT NULL,
	"pcrs" jsonb NOT NULL,
	"reason" text NOT NULL,
	"ticket" text,
	"created_at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "reference_values_workspace_id_node_version_pk" PRIMARY KEY("workspace_id","node","version")
);
--> statement-breakpoint
CREATE TABLE "incident_counters" (
	"workspace_id" text NOT NULL,
	"class" text NOT NULL,
	"severity" text NOT NULL,
	"state" text NOT NULL,
	"n" bigint NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "incident_counters_workspace_id_class_severity_state_pk" PRIMARY KEY("workspace_id","class","severity","state")
);
--> statement-breakpoint
CREATE TABLE "tallies" (
	"workspace_id" text NOT NULL,
	"name" text NOT NULL,
	"n" bigint NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "tallies_workspace_id_name_pk" PRIMARY KEY("workspace_id","name")
);
--> statement-breakpoint
CREATE TABLE "escalation_windows" (
	"workspace_id" text NOT NULL,
	"class" text NOT NULL,
	"events" jsonb NOT NULL,
	"crossing_incident" text,
	"crossed_at" timestamptz(3),
	"last_event_at" timestamptz(3),
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "escalation_windows_workspace_id_class_pk" PRIMARY KEY("workspace_id","class")
);
--> statement-breakpoint
CREATE TABLE "gate_states" (
	"workspace_id" text NOT NULL,
	"gate" text NOT NULL,
	"target" text NOT NULL,
	"generation" bigint NOT NULL,
	"standing" integer NOT NULL,
	"changed_at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "gate_states_workspace_id_gate_target_pk" PRIMARY KEY("workspace_id","gate","target")
);
--> statement-breakpoint
CREATE TABLE "holds" (
	"workspace_id" text NOT NULL,
	"hold_id" text NOT NULL,
	"gate" text NOT NULL,
	"target" text NOT NULL,
	"action" text NOT NULL,
	"incident_id" text,
	"kill_id" text,
	"drill_id" text,
	"reason" text NOT NULL,
	"generation" bigint NOT NULL,
	"placed_at" timestamptz(3) NOT NULL,
	"released_at" timestamptz(3),
	"released_by" text,
	"release_reason" text,
	"release_granted_at" timestamptz(3),
	"release_granted_by" text,
	"awaited" boolean DEFAULT false NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "holds_workspace_id_hold_id_pk" PRIMARY KEY("workspace_id","hold_id")
);
--> statement-breakpoint
CREATE TABLE "acknowledgements" (
	"workspace_id" text NOT NULL,
	"incident_id" text NOT NULL,
	"decision_id" text NOT NULL,
	"operator" text NOT NULL,
	"binding" text NOT NULL,
	"note" text,
	"note_salt" text,
	"at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "acknowledgements_workspace_id_incident_id_decision_id_pk" PRIMARY KEY("workspace_id","incident_id","decision_id")
);
--> statement-breakpoint
CREATE TABLE "incidents" (
	"workspace_id" text NOT NULL,
	"id" text NOT NULL,
	"number" bigint NOT NULL,
	"created_at" timestamptz(3) NOT NULL,
	"class" text NOT NULL,
	"severity" text NOT NULL,
	"severity_rank" smallint NOT NULL,
	"state" text NOT NULL,
	"source" text NOT NULL,
	"description" text NOT NULL,
	"evidence" text NOT NULL,
	"actions" jsonb NOT NULL,
	"target_key" text NOT NULL,
	"marks" jsonb NOT NULL,
	"latched" boolean NOT NULL,
	"require_ack" boolean NOT NULL,
	"require_reattest" boolean NOT NULL,
	"binding" text NOT NULL,
	"required_after" timestamptz(3) NOT NULL,
	"ack_binding" text,
	"acked_at" timestamptz(3),
	"acked_by" text,
	"acked_actor" text,
	"reattest_binding" text,
	"re_attested_at" timestamptz(3),
	"recovery_pending" boolean NOT NULL,
	"pending_actions" integer NOT NULL,
	"settlements" integer NOT NULL,
	"contained_at" timestamptz(3),
	"triaged_at" timestamptz(3),
	"triaged_by" text,
	"resolved_at" timestamptz(3),
	"resolved_by" text,
	"occurrences" integer NOT NULL,
	"folded_by" text,
	"dedup_key" text,
	"policy_digest" text NOT NULL,
	"hash" text NOT NULL,
	"version" integer NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "incidents_workspace_id_id_pk" PRIMARY KEY("workspace_id","id"),
	CONSTRAINT "incidents_latch" CHECK ("incidents"."state" <> 'resolved' OR ((NOT "incidents"."require_ack" OR "incidents"."ack_binding" IS NOT DISTINCT FROM "incidents"."binding") AND (NOT "incidents"."require_reattest" OR "incidents"."reattest_binding" IS NOT DISTINCT FROM "incidents"."binding") AND "incidents"."pending_actions" = 0)),
	CONSTRAINT "incidents_state" CHECK ("incidents"."state" IN ('open', 'contained', 'containment_failed', 'acknowledged', 'resolved')),
	CONSTRAINT "incidents_severity" CHECK (("incidents"."severity", "incidents"."severity_rank") IN (('critical', 1), ('high', 2), ('medium', 3), ('low', 4)))
);
--> statement-breakpoint
CREATE TABLE "ledger_entries" (
	"workspace_id" text NOT NULL,
	"entry_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "ledger_entries_entry_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	"action" text NOT NULL,
	"object" text NOT NULL,
	"record_hash" text,
	"record_version" integer,
	"detail" text NOT NULL,
	"policy_digest" text,
	"leaf" text NOT NULL,
	"leaf_hash" "bytea" NOT NULL,
	CONSTRAINT "ledger_leaf_size" CHECK (octet_length("ledger_entries"."leaf") <= 8192)
);
--> statement-breakpoint
CREATE TABLE "notifications" (
	"workspace_id" text NOT NULL,
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "notifications_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"incident_id" text,
	"severity" text NOT NULL,
	"message" text NOT NULL,
	"created_at" timestamptz(3) NOT NULL,
	"seen_at" timestamptz(3),
	"seen_by" text,
	"actor" text NOT NULL,
	"on_behalf_of" text
);
--> statement-breakpoint
CREATE TABLE "active_policies" (
	"workspace_id" text NOT NULL,
	"kind" text PRIMARY KEY NOT NULL,
	"digest" text NOT NULL,
	"version" integer NOT NULL,
	"activated_at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "active_policies_instance" CHECK ("active_policies"."workspace_id" = 'system')
);
--> statement-breakpoint
CREATE TABLE "policies" (
	"workspace_id" text NOT NULL,
	"digest" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"body" text NOT NULL,
	"created_at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text
);
--> statement-breakpoint
CREATE TABLE "decisions" (
	"workspace_id" text NOT NULL,
	"aggregate" text NOT NULL,
	"decision_id" text NOT NULL,
	"kind" text NOT NULL,
	"request_digest" text NOT NULL,
	"outcome" text NOT NULL,
	"at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "decisions_workspace_id_aggregate_decision_id_pk" PRIMARY KEY("workspace_id","aggregate","decision_id")
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"workspace_id" text NOT NULL,
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"workflow_id" text NOT NULL,
	"type" text NOT NULL,
	"subject" text NOT NULL,
	"version" integer NOT NULL,
	"severity_rank" smallint NOT NULL,
	"created_at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text
);
--> statement-breakpoint
CREATE TABLE "process" (
	"workspace_id" text NOT NULL,
	"workflow_id" text NOT NULL,
	"type" text NOT NULL,
	"subject" text NOT NULL,
	"severity_rank" smallint NOT NULL,
	"created_at" timestamptz(3) NOT NULL,
	"started_at" timestamptz(3),
	"settled_at" timestamptz(3),
	"over_at" timestamptz(3),
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "process_workspace_id_workflow_id_pk" PRIMARY KEY("workspace_id","workflow_id")
);
--> statement-breakpoint
CREATE TABLE "two_person_requests" (
	"workspace_id" text NOT NULL,
	"request_id" text NOT NULL,
	"action" text NOT NULL,
	"object" text NOT NULL,
	"reason" text NOT NULL,
	"requested_at" timestamptz(3) NOT NULL,
	"expires_at" timestamptz(3) NOT NULL,
	"granted_at" timestamptz(3),
	"granted_by" text,
	"used_at" timestamptz(3),
	"single_operator" boolean NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "two_person_requests_workspace_id_request_id_pk" PRIMARY KEY("workspace_id","request_id")
);
--> statement-breakpoint
ALTER TABLE "active_policies" ADD CONSTRAINT "active_policies_digest_policies_digest_fk" FOREIGN KEY ("digest") REFERENCES "public"."policies"("digest") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "adapter_targets_due" ON "adapter_targets" USING btree ("workspace_id","adapter_id","severity_rank","due_at") WHERE due;--> statement-breakpoint
CREATE UNIQUE INDEX "adapters_name" ON "adapters" USING btree ("workspace_id","name");--> statement-breakpoint
CREATE INDEX "adapters_active" ON "adapters" USING btree ("workspace_id") WHERE state = 'active';--> statement-breakpoint
CREATE INDEX "attestation_results_node" ON "attestation_results" USING btree ("workspace_id","node","result_id" DESC NULLS FIRST);--> statement-breakpoint
CREATE UNIQUE INDEX "attestation_results_challenge" ON "attestation_results" USING btree ("workspace_id","challenge_id");--> statement-breakpoint
CREATE UNIQUE INDEX "challenges_nonce" ON "challenges" USING btree ("nonce");--> statement-breakpoint
CREATE INDEX "integrity_results_baseline" ON "integrity_results" USING btree ("workspace_id","baseline","result_id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "holds_standing" ON "holds" USING btree ("workspace_id","gate","target","placed_at","hold_id") WHERE released_at IS NULL;--> statement-breakpoint
CREATE INDEX "holds_incident" ON "holds" USING btree ("workspace_id","incident_id");--> statement-breakpoint
CREATE INDEX "holds_awaited" ON "holds" USING btree ("workspace_id","gate","target","generation") WHERE awaited;--> statement-breakpoint
CREATE INDEX "incidents_list" ON "incidents" USING btree ("workspace_id","severity_rank","created_at" DESC NULLS FIRST,"id");--> statement-breakpoint
CREATE INDEX "incidents_state_list" ON "incidents" USING btree ("workspace_id","state","severity_rank","created_at" DESC NULLS FIRST,"id");--> statement-breakpoint
CREATE INDEX "incidents_class_list" ON "incidents" USING btree ("workspace_id","class","severity_rank","created_at" DESC NULLS FIRST,"id");--> statement-breakpoint
CREATE INDEX "incidents_awaiting" ON "incidents" USING btree ("workspace_id","severity_rank","created_at" DESC NULLS FIRST,"id") WHERE state IN ('contained', 'containment_failed') OR (state = 'open' AND pending_actions > 0);--> statement-breakpoint
CREATE INDEX "incidents_recovery" ON "incidents" USING btree ("workspace_id","created_at","id") WHERE recovery_pending;--> statement-breakpoint
CREATE INDEX "incidents_flood" ON "incidents" USING btree ("workspace_id","class","source","target_key","number" DESC NULLS FIRST) WHERE state <> 'resolved' AND (require_ack OR require_reattest);--> statement-breakpoint
CREATE UNIQUE INDEX "incidents_dedup" ON "incidents" USING btree ("workspace_id","actor","source","class","dedup_key") WHERE state <> 'resolved' AND dedup_key IS NOT NULL;--> statement-breakpoint
CREATE INDEX "ledger_object" ON "ledger_entries" USING btree ("workspace_id","object","entry_id");--> statement-breakpoint
CREATE INDEX "notifications_open" ON "notifications" USING btree ("workspace_id","id") WHERE seen_at IS NULL;--> statement-breakpoint
CREATE INDEX "outbox_order" ON "outbox" USING btree ("severity_rank","id");--> statement-breakpoint
CREATE INDEX "outbox_workflow" ON "outbox" USING btree ("workspace_id","workflow_id");--> statement-breakpoint
CREATE INDEX "process_unsettled" ON "process" USING btree ("severity_rank") WHERE over_at IS NULL AND started_at IS NOT NULL AND settled_at IS NULL;--> statement-breakpoint
CREATE INDEX "process_due" ON "process" USING btree ("severity_rank","created_at","workflow_id") WHERE over_at IS NULL;--> statement-breakpoint
CREATE INDEX "two_person_pending" ON "two_person_requests" USING btree ("workspace_id","action","object") WHERE granted_at IS NULL;