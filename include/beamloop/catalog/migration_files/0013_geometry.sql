-- Refined detectors: what they are made of, when they serve, who decided so, and what was imported with them.

-- Equality of text beside the overlap of periods in one index. A trusted extension since PostgreSQL 13: the
-- owner of the database may create it.
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA beamloop;

CREATE TABLE beamloop.detectors (
    detector_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    beamline text NOT NULL REFERENCES beamloop.beamlines,
    -- as the detector calls itself: "PILATUS3 6M, S/N 60-0119"
    identifier text NOT NULL CHECK (identifier <> ''),
    registered_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (beamline, identifier),
    UNIQUE (detector_id, beamline)
);

CREATE TABLE beamloop.geometry_versions (
    geometry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    detector_id bigint NOT NULL,
    beamline text NOT NULL,
    state text NOT NULL DEFAULT 'candidate'
        CHECK (state IN ('candidate', 'in_force', 'superseded', 'rejected', 'withdrawn')),
    -- of the data that it serves; that of a withdrawn version tells when it did
    validity tstzrange NOT NULL DEFAULT 'empty',
    -- from the sample along the beam to the detector's mean plane: refined, and in the headers of its data
    distance_mm double precision NOT NULL CHECK (distance_mm > 0),
    header_distance_mm double precision CHECK (header_distance_mm > 0),
    hierarchy_level smallint NOT NULL CHECK (hierarchy_level >= 0),
    panel_count integer NOT NULL CHECK (panel_count >= 1),
    multi_panel boolean NOT NULL,
    -- what an import takes beside the detector
    takes_beam boolean NOT NULL DEFAULT false,
    takes_goniometer boolean NOT NULL DEFAULT false,
    -- the same models are one version
    models_key text NOT NULL UNIQUE,
    models_sha256 beamloop.sha256 NOT NULL,
    models_size_bytes bigint NOT NULL CHECK (models_size_bytes > 0),
    -- figures on held-out data; null: there are none
    evidence jsonb,
    origin text NOT NULL CHECK (origin <> ''),
    made_by text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (detector_id, beamline) REFERENCES beamloop.detectors (detector_id, beamline),
    CHECK ((state IN ('candidate', 'rejected')) = isempty(validity)),
    CHECK (isempty(validity) OR (lower_inc(validity) AND NOT lower_inf(validity))),
    CHECK (state <> 'in_force' OR upper_inf(validity)),
    CHECK (state <> 'superseded' OR NOT upper_inf(validity)),
    -- Two geometries never serve the same data, whatever code runs. A beamline has one detector at a time, so
    -- this holds for each detector too.
    CONSTRAINT one_geometry_in_force EXCLUDE USING gist (beamline WITH =, validity WITH &&)
        WHERE (state IN ('in_force', 'superseded'))
);

-- Which runs' data made a version. One row for each: nothing that was refined against is held out too.
CREATE TABLE beamloop.geometry_sources (
    geometry_id bigint NOT NULL REFERENCES beamloop.geometry_versions,
    run_id bigint NOT NULL REFERENCES beamloop.runs,
    role text NOT NULL CHECK (role IN ('refined', 'held_out')),
    PRIMARY KEY (geometry_id, run_id)
);
CREATE INDEX geometry_sources_of_run ON beamloop.geometry_sources (run_id);

CREATE TABLE beamloop.geometry_decisions (
    decision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    geometry_id bigint NOT NULL REFERENCES beamloop.geometry_versions,
    decision text NOT NULL CHECK (decision IN ('promote', 'reject', 'withdraw')),
    decided_by text NOT NULL CHECK (decided_by <> ''),
    decided_at timestamptz NOT NULL DEFAULT now(),
    why text NOT NULL CHECK (why <> ''),
    -- of a promotion
    in_force_from timestamptz,
    without_evidence boolean NOT NULL DEFAULT false,
    CHECK ((decision = 'promote') = (in_force_from IS NOT NULL)),
    CHECK (decision = 'promote' OR NOT without_evidence)
);
CREATE INDEX geometry_decisions_of_version ON beamloop.geometry_decisions (geometry_id);

-- Who decided what, and why, is never written anew.
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON beamloop.geometry_decisions
    FOR EACH ROW EXECUTE FUNCTION beamloop.refuse_change();

-- Null: the header's geometry.
ALTER TABLE beamloop.runs ADD geometry_id bigint REFERENCES beamloop.geometry_versions;
CREATE INDEX runs_with_geometry ON beamloop.runs (geometry_id) WHERE geometry_id IS NOT NULL;

-- When the first image was written, by which a sweep's geometry is chosen.
ALTER TABLE beamloop.sweeps ADD collected_at timestamptz;
UPDATE beamloop.sweeps SET collected_at = first_seen_at;
ALTER TABLE beamloop.sweeps ALTER collected_at SET NOT NULL, ALTER collected_at SET DEFAULT now();

ALTER TABLE beamloop.outcomes DROP CONSTRAINT outcomes_code_check;
ALTER TABLE beamloop.outcomes ADD CONSTRAINT outcomes_code_check CHECK (code IN (
    'processed', 'no_spots', 'too_few_spots', 'no_lattice', 'wrong_symmetry', 'refinement_failed',
    'too_few_reflections', 'integration_failed', 'unreadable_images', 'missing_images', 'geometry_mismatch',
    'timed_out', 'out_of_memory', 'program_crashed', 'artifact_damaged', 'interrupted', 'cancelled'));
