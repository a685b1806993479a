-- What the pages ask with every look, kept ready; and which of Airflow's tasks does what for a group.

-- How each sweep stands, by the newest run that may stand for it: a row for each, from its first sight on.
CREATE TABLE beamloop.sweep_standings (
    sweep_id bigint PRIMARY KEY REFERENCES beamloop.sweeps ON DELETE CASCADE,
    collection_id bigint NOT NULL REFERENCES beamloop.collections,
    -- null: there is none yet
    run_id bigint REFERENCES beamloop.runs,
    -- its reason code, or how far it is
    state text NOT NULL DEFAULT 'waiting',
    -- when its outcome was recorded
    ended_at timestamptz,
    CHECK ((ended_at IS NULL) = (state IN ('waiting', 'at_work')))
-- a row changes three times in a night: room on its page keeps the table small
) WITH (fillfactor = 70);
-- What a collection or a period has is counted from an index alone.
CREATE INDEX sweep_standings_of_collection ON beamloop.sweep_standings (collection_id, state) INCLUDE (ended_at);
CREATE INDEX sweep_standings_in_time ON beamloop.sweep_standings (ended_at) INCLUDE (collection_id, state)
    WHERE ended_at IS NOT NULL;
-- Failures asks for the newest of these.
CREATE INDEX sweep_standings_failed ON beamloop.sweep_standings (ended_at, run_id)
    WHERE state NOT IN ('processed', 'cancelled') AND ended_at IS NOT NULL;

-- The same, found out anew: the triggers write this, a test compares.
CREATE VIEW beamloop.standings_found AS
SELECT s.sweep_id, s.collection_id, r.run_id,
       coalesce(o.code, CASE WHEN r.started_at IS NULL THEN 'waiting' ELSE 'at_work' END) AS state,
       o.recorded_at AS ended_at
FROM beamloop.sweeps s
LEFT JOIN LATERAL (
    SELECT run_id, started_at FROM beamloop.runs
    WHERE runs.sweep_id = s.sweep_id AND runs.stands ORDER BY run_id DESC LIMIT 1
) r ON true
LEFT JOIN beamloop.outcomes o ON o.run_id = r.run_id;

CREATE FUNCTION beamloop.note_standings(of_sweeps bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- First the locks, in one order; then a look, which so sees what their holders before have done.
    PERFORM FROM beamloop.sweep_standings WHERE sweep_id = ANY (of_sweeps) ORDER BY sweep_id FOR NO KEY UPDATE;
    UPDATE beamloop.sweep_standings t SET run_id = f.run_id, state = f.state, ended_at = f.ended_at
    FROM beamloop.standings_found f
    WHERE t.sweep_id = ANY (of_sweeps) AND f.sweep_id = t.sweep_id
      AND (t.run_id, t.state, t.ended_at) IS DISTINCT FROM (f.run_id, f.state, f.ended_at);
END $$;

-- Triggers, so that no writer of sweeps, runs and outcomes can forget it.
CREATE FUNCTION beamloop.sweeps_stand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO beamloop.sweep_standings (sweep_id, collection_id) SELECT sweep_id, collection_id FROM added;
    RETURN NULL;
END $$;
CREATE TRIGGER standing_begins AFTER INSERT ON beamloop.sweeps
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION beamloop.sweeps_stand();

CREATE FUNCTION beamloop.added_runs_stand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM beamloop.note_standings(array_agg(DISTINCT sweep_id)) FROM added;
    RETURN NULL;
END $$;
CREATE TRIGGER standing_changes AFTER INSERT ON beamloop.runs
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION beamloop.added_runs_stand();

CREATE FUNCTION beamloop.run_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM beamloop.note_standings(ARRAY[NEW.sweep_id]);
    RETURN NULL;
END $$;
CREATE TRIGGER standing_changes_on_update AFTER UPDATE OF started_at, stands ON beamloop.runs
    FOR EACH ROW WHEN (NEW.started_at IS DISTINCT FROM OLD.started_at OR NEW.stands <> OLD.stands)
    EXECUTE FUNCTION beamloop.run_stands();

CREATE FUNCTION beamloop.added_outcomes_stand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM beamloop.note_standings(array_agg(DISTINCT r.sweep_id))
    FROM added JOIN beamloop.runs r USING (run_id);
    RETURN NULL;
END $$;
CREATE TRIGGER standing_changes AFTER INSERT ON beamloop.outcomes
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION beamloop.added_outcomes_stand();

-- An interrupted run goes on: its outcome is written over, or taken away.
CREATE FUNCTION beamloop.outcome_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM beamloop.note_standings(ARRAY[r.sweep_id]) FROM beamloop.runs r WHERE r.run_id = OLD.run_id;
    RETURN NULL;
END $$;
CREATE TRIGGER standing_changes_on_update AFTER UPDATE OR DELETE ON beamloop.outcomes
    FOR EACH ROW EXECUTE FUNCTION beamloop.outcome_stands();

INSERT INTO beamloop.sweep_standings (sweep_id, collection_id, run_id, state, ended_at)
SELECT sweep_id, collection_id, run_id, state, ended_at FROM beamloop.standings_found;

-- The crystal that a table of sweeps shows of a run: the first one, of the last step that has it.
CREATE VIEW beamloop.first_crystals AS
SELECT DISTINCT ON (run_id) run_id, step, space_group, cell, indexed_count, rmsd_x_px, rmsd_y_px, rmsd_phi_deg
FROM beamloop.crystals WHERE crystal_number = 1
ORDER BY run_id, array_position(ARRAY['integrate', 'refine', 'index'], step);

-- Where a report has put the crystals of a sweep.
CREATE VIEW beamloop.report_places AS
SELECT m.report_id, r.sweep_id, array_agg(DISTINCT g.name) FILTER (WHERE g.name IS NOT NULL) AS groups,
       array_agg(DISTINCT gm.group_id) AS group_ids, array_agg(DISTINCT m.standing) AS standings
FROM beamloop.report_members m
JOIN beamloop.runs r USING (run_id)
LEFT JOIN beamloop.group_members gm USING (report_id, run_id, crystal_number)
LEFT JOIN beamloop.isomorphous_groups g USING (group_id)
GROUP BY m.report_id, r.sweep_id;

-- How long watched sweeps took is told of the newest ones.
CREATE INDEX requests_watched ON beamloop.requests (requested_at) WHERE requested_by = 'watch';
-- Messages that nobody got are few among those that were sent.
CREATE INDEX notifications_unsent ON beamloop.notifications (created_at) WHERE state <> 'sent';

-- Which mapped task of the DAG refine_joint does which joint refinement; a DAG run that is cleared says it anew.
CREATE TABLE beamloop.joint_tasks (
    dag_run_id text NOT NULL,
    map_index integer NOT NULL CHECK (map_index >= 0),
    joint_id bigint NOT NULL REFERENCES beamloop.joint_refinements,
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (dag_run_id, map_index)
);
CREATE INDEX joint_tasks_of_joint ON beamloop.joint_tasks (joint_id);

-- Likewise of the DAG merge_group.
CREATE TABLE beamloop.merge_tasks (
    dag_run_id text NOT NULL,
    map_index integer NOT NULL CHECK (map_index >= 0),
    merge_id bigint NOT NULL REFERENCES beamloop.merges,
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (dag_run_id, map_index)
);
CREATE INDEX merge_tasks_of_merge ON beamloop.merge_tasks (merge_id);

-- The page Group asks for the joint refinements and merges of one, the newest first.
CREATE INDEX joints_of_group ON beamloop.joint_refinements (group_id, joint_id);
CREATE INDEX merges_of_group ON beamloop.merges (group_id, merge_id);
