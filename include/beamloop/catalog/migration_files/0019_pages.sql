-- What the pages ask: what has happened lately, the run that stands for a sweep, a file by its number.

-- Now and Failures look at a period of all collections.
CREATE INDEX outcomes_in_time ON beamloop.outcomes (recorded_at);
CREATE INDEX requests_in_time ON beamloop.requests (requested_at);

-- Each row of a table of sweeps needs the newest run that stands.
CREATE INDEX runs_standing ON beamloop.runs (sweep_id, run_id DESC) WHERE stands;

-- A download names a file by a number: no part of a path or key comes from a request.
ALTER TABLE beamloop.artifacts ADD COLUMN artifact_id bigint GENERATED ALWAYS AS IDENTITY UNIQUE;
ALTER TABLE beamloop.report_artifacts ADD COLUMN artifact_id bigint GENERATED ALWAYS AS IDENTITY UNIQUE;
ALTER TABLE beamloop.joint_artifacts ADD COLUMN artifact_id bigint GENERATED ALWAYS AS IDENTITY UNIQUE;
ALTER TABLE beamloop.merge_artifacts ADD COLUMN artifact_id bigint GENERATED ALWAYS AS IDENTITY UNIQUE;
