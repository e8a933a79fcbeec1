ALTER TABLE "adapter_targets" ADD COLUMN "sent_generation" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "adapter_targets" ADD COLUMN "spread_generation" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "holds" ADD COLUMN "restoring" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "adapter_targets_paused" ON "adapter_targets" USING btree ("workspace_id","adapter_id","next_attempt_at") WHERE due AND next_attempt_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX "adapter_targets_told" ON "adapter_targets" USING btree ("workspace_id","adapter_id","gate","acknowledged_state","target") WHERE NOT due;--> statement-breakpoint
CREATE INDEX "holds_restoring" ON "holds" USING btree ("workspace_id","gate","target") WHERE restoring;