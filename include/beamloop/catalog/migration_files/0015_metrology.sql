-- Calibration of a detector from sweeps: what was asked for, which sweeps were chosen, what came of it.

CREATE TABLE beamloop.metrologies (
    metrology_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    beamline text NOT NULL REFERENCES beamloop.beamlines,
    -- as the detector calls itself; empty until its images have been read
    detector text NOT NULL DEFAULT '',
    -- median of the sweeps', from the sample along the beam
    distance_mm double precision NOT NULL CHECK (distance_mm > 0),
    -- the geometry that serves these data; null: the header's
    start_geometry_id bigint REFERENCES beamloop.geometry_versions,
    -- of images, start, options and DIALS
    work_sha256 beamloop.sha256 NOT NULL,
    repetition smallint NOT NULL CHECK (repetition >= 0),
    options jsonb NOT NULL,
    dials_version text NOT NULL,
    requested_by text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    ended_at timestamptz,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'candidate', 'kept', 'failed')),
    -- the candidate that came of it
    geometry_id bigint REFERENCES beamloop.geometry_versions,
    -- of a failed one, as an outcome of a run
    code text,
    step text,
    sentence text NOT NULL DEFAULT '',
    last_trouble text NOT NULL DEFAULT '',
    -- the same images with the same options are refined once, unless a person asks again
    UNIQUE (beamline, work_sha256, repetition),
    CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CHECK ((state = 'failed') = (code IS NOT NULL AND step IS NOT NULL)),
    CHECK (state = 'waiting' OR sentence <> ''),
    CHECK (state <> 'candidate' OR geometry_id IS NOT NULL)
);
CREATE INDEX metrologies_waiting ON beamloop.metrologies (metrology_id) WHERE state = 'waiting';
CREATE INDEX metrologies_of_geometry ON beamloop.metrologies (geometry_id) WHERE geometry_id IS NOT NULL;

-- The sweeps that were offered; one row for each: nothing that is refined against is held out too.
CREATE TABLE beamloop.metrology_sweeps (
    metrology_id bigint NOT NULL REFERENCES beamloop.metrologies,
    run_id bigint NOT NULL REFERENCES beamloop.runs,
    -- of the images, when it was asked for
    content_sha256 beamloop.sha256 NOT NULL,
    indexed_count integer NOT NULL CHECK (indexed_count >= 0),
    distance_mm double precision NOT NULL CHECK (distance_mm > 0),
    -- null: not chosen, or nobody has chosen yet
    role text CHECK (role IN ('refined', 'held_out')),
    why text NOT NULL DEFAULT '',
    PRIMARY KEY (metrology_id, run_id),
    CHECK (role IS NULL OR why <> '')
);
CREATE INDEX metrology_sweeps_of_run ON beamloop.metrology_sweeps (run_id);

CREATE TABLE beamloop.metrology_steps (
    metrology_id bigint NOT NULL REFERENCES beamloop.metrologies,
    step text NOT NULL CHECK (step IN ('choose', 'index', 'refine', 'evidence', 'report')),
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL CHECK (ended_at >= started_at),
    finding text NOT NULL,
    cpu_s double precision NOT NULL CHECK (cpu_s >= 0),
    peak_memory_bytes bigint NOT NULL CHECK (peak_memory_bytes >= 0),
    -- a step is recorded once
    PRIMARY KEY (metrology_id, step)
);

CREATE TABLE beamloop.metrology_artifacts (
    metrology_id bigint NOT NULL,
    step text NOT NULL,
    name text NOT NULL,
    -- an object belongs to one row
    key text NOT NULL UNIQUE,
    sha256 beamloop.sha256 NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    PRIMARY KEY (metrology_id, step, name),
    FOREIGN KEY (metrology_id, step) REFERENCES beamloop.metrology_steps
);
