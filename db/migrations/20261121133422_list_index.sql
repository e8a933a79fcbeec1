DROP INDEX "incidents_state_list";--> statement-breakpoint
DROP INDEX "incidents_class_list";--> statement-breakpoint
CREATE INDEX "incidents_state_class_list" ON "incidents" USING btree ("workspace_id","state","class","severity_rank","created_at" DESC NULLS FIRST,"id");
