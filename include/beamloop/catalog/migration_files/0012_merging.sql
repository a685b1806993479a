-- Merging of isomorphous groups: what was asked for, what went in, and the table of statistics.

CREATE TABLE beamloop.merges (
    merge_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_id bigint NOT NULL REFERENCES beamloop.isomorphous_groups,
    -- the report that named the members
    report_id bigint NOT NULL REFERENCES beamloop.isomorphism_reports,
    -- of members, options and DIALS
    work_sha256 beamloop.sha256 NOT NULL,
    options jsonb NOT NULL,
    dials_version text NOT NULL,
    requested_by text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'merged', 'failed')),
    -- of a failed one, as an outcome of a run
    code text,
    sentence text NOT NULL DEFAULT '',
    last_trouble text NOT NULL DEFAULT '',
    -- of a merged one
    space_group text,
    cell beamloop.unit_cell,
    -- data sets that scaling kept
    dataset_count smallint CHECK (dataset_count >= 1),
    cpu_s double precision NOT NULL DEFAULT 0 CHECK (cpu_s >= 0),
    peak_memory_bytes bigint NOT NULL DEFAULT 0 CHECK (peak_memory_bytes >= 0),
    CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CHECK ((state = 'failed') = (code IS NOT NULL)),
    CHECK ((state = 'merged') = (space_group IS NOT NULL AND cell IS NOT NULL AND dataset_count IS NOT NULL)),
    CHECK (state = 'waiting' OR sentence <> '')
);
-- The same work is done once; what failed may be asked for again.
CREATE UNIQUE INDEX merges_once ON beamloop.merges (group_id, work_sha256) WHERE state <> 'failed';

CREATE TABLE beamloop.merge_members (
    merge_id bigint NOT NULL REFERENCES beamloop.merges,
    run_id bigint NOT NULL REFERENCES beamloop.runs,
    crystal_number smallint NOT NULL CHECK (crystal_number >= 1),
    -- why it was not taken; null: it was
    left_why text CHECK (left_why <> ''),
    PRIMARY KEY (merge_id, run_id, crystal_number)
);
CREATE INDEX merge_members_of_run ON beamloop.merge_members (run_id);

-- Statistics before merging, of all reflections and by resolution; null: not defined for so few.
CREATE TABLE beamloop.merge_shells (
    merge_id bigint NOT NULL REFERENCES beamloop.merges,
    -- 0: all reflections; 1, 2, ...: from low resolution to high
    shell smallint NOT NULL CHECK (shell >= 0),
    d_max_angstrom double precision NOT NULL,
    d_min_angstrom double precision NOT NULL CHECK (d_min_angstrom > 0),
    observation_count integer NOT NULL CHECK (observation_count >= 0),
    unique_count integer NOT NULL CHECK (unique_count >= 0),
    completeness_percent double precision CHECK (completeness_percent >= 0),
    multiplicity double precision CHECK (multiplicity >= 0),
    r_merge double precision,
    r_meas double precision,
    r_pim double precision,
    cc_half double precision CHECK (cc_half BETWEEN -1 AND 1),
    i_over_sigma double precision,
    PRIMARY KEY (merge_id, shell),
    CHECK (d_max_angstrom >= d_min_angstrom)
);

CREATE TABLE beamloop.merge_artifacts (
    merge_id bigint NOT NULL REFERENCES beamloop.merges,
    name text NOT NULL,
    -- an object belongs to one row
    key text NOT NULL UNIQUE,
    sha256 beamloop.sha256 NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    PRIMARY KEY (merge_id, name)
);
