-- Candidates that wait for a person: which of Airflow's tasks asks, until when, and what was told of it.

-- Which of Airflow's runs took a metrology up last, and as which of its mapped tasks. A run may be deleted; the
-- candidate is then asked about in another one.
CREATE TABLE beamloop.metrology_takings (
    metrology_id bigint PRIMARY KEY REFERENCES beamloop.metrologies,
    dag_run_id text NOT NULL CHECK (dag_run_id <> ''),
    map_index integer NOT NULL CHECK (map_index >= 0),
    taken_at timestamptz NOT NULL DEFAULT now(),
    -- by how many runs so far
    times integer NOT NULL DEFAULT 1 CHECK (times >= 1)
);

-- A question to a person: one for each candidate, whichever task of Airflow asks it.
CREATE TABLE beamloop.geometry_questions (
    geometry_id bigint PRIMARY KEY REFERENCES beamloop.geometry_versions,
    asked_at timestamptz NOT NULL DEFAULT now(),
    until timestamptz NOT NULL,
    -- Airflow's names of those who may answer; none: whoever may answer in Airflow
    approvers text[] NOT NULL,
    -- when to think over next whether somebody is told, and how often somebody was
    notice_at timestamptz NOT NULL DEFAULT now(),
    notice_count integer NOT NULL DEFAULT 0 CHECK (notice_count >= 0),
    CHECK (until > asked_at)
);

-- When the end of a metrology was thought over, its candidate's with it; null: not yet.
ALTER TABLE beamloop.metrologies ADD end_noticed_at timestamptz;
UPDATE beamloop.metrologies SET end_noticed_at = now() WHERE state <> 'waiting';
CREATE INDEX metrologies_end_not_noticed ON beamloop.metrologies (beamline) WHERE end_noticed_at IS NULL;
