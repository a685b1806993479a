-- Joint refinement of isomorphous groups: what was asked for, what it changed, whether it was published.

CREATE TABLE beamloop.joint_refinements (
    joint_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_id bigint NOT NULL REFERENCES beamloop.isomorphous_groups,
    -- the report that named the members
    report_id bigint NOT NULL REFERENCES beamloop.isomorphism_reports,
    -- of members, options and DIALS
    work_sha256 beamloop.sha256 NOT NULL,
    repetition smallint NOT NULL CHECK (repetition >= 0),
    options jsonb NOT NULL,
    dials_version text NOT NULL,
    requested_by text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    ended_at timestamptz,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'published', 'kept', 'failed')),
    -- of a failed one, as an outcome of a run
    code text,
    step text,
    sentence text NOT NULL DEFAULT '',
    last_trouble text NOT NULL DEFAULT '',
    -- the same crystals with the same options are refined once, unless a person asks again
    UNIQUE (group_id, work_sha256, repetition),
    CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CHECK ((state = 'failed') = (code IS NOT NULL AND step IS NOT NULL)),
    CHECK (state = 'waiting' OR sentence <> '')
);
CREATE INDEX joint_refinements_waiting ON beamloop.joint_refinements (joint_id) WHERE state = 'waiting';

CREATE TABLE beamloop.joint_members (
    joint_id bigint NOT NULL REFERENCES beamloop.joint_refinements,
    run_id bigint NOT NULL REFERENCES beamloop.runs,
    crystal_number smallint NOT NULL CHECK (crystal_number >= 1),
    space_group text NOT NULL,
    -- why it left the refinement; null: it stayed, or nobody knows yet
    left_why text CHECK (left_why <> ''),
    PRIMARY KEY (joint_id, run_id, crystal_number)
);
CREATE INDEX joint_members_of_run ON beamloop.joint_members (run_id);

-- A crystal by itself, and with the others.
CREATE TABLE beamloop.joint_crystals (
    joint_id bigint NOT NULL,
    run_id bigint NOT NULL,
    crystal_number smallint NOT NULL,
    moment text NOT NULL CHECK (moment IN ('before', 'after')),
    cell beamloop.unit_cell NOT NULL,
    cell_su double precision[] CHECK (cell_su IS NULL OR array_length(cell_su, 1) = 6),
    used_count integer NOT NULL CHECK (used_count >= 0),
    rmsd_x_mm double precision,
    rmsd_y_mm double precision,
    rmsd_phi_deg double precision,
    distance_mm double precision NOT NULL,
    PRIMARY KEY (joint_id, run_id, crystal_number, moment),
    FOREIGN KEY (joint_id, run_id, crystal_number) REFERENCES beamloop.joint_members
);

-- The crystals that stayed, taken together.
CREATE TABLE beamloop.joint_figures (
    joint_id bigint NOT NULL REFERENCES beamloop.joint_refinements,
    moment text NOT NULL CHECK (moment IN ('before', 'after')),
    lcv_percent double precision NOT NULL CHECK (lcv_percent >= 0),
    alcv_angstrom double precision NOT NULL CHECK (alcv_angstrom >= 0),
    spread_percent double precision NOT NULL CHECK (spread_percent >= 0),
    used_count integer NOT NULL CHECK (used_count >= 0),
    rmsd_x_mm double precision,
    rmsd_y_mm double precision,
    rmsd_phi_deg double precision,
    distance_least_mm double precision NOT NULL,
    distance_greatest_mm double precision NOT NULL,
    PRIMARY KEY (joint_id, moment)
);

-- What the comparison says beside its figures: the setting, what is worse, what to know.
CREATE TABLE beamloop.joint_words (
    joint_id bigint PRIMARY KEY REFERENCES beamloop.joint_refinements,
    setting text NOT NULL,
    worse text[] NOT NULL,
    notes text[] NOT NULL,
    parts smallint NOT NULL CHECK (parts >= 1)
);

CREATE TABLE beamloop.joint_steps (
    joint_id bigint NOT NULL REFERENCES beamloop.joint_refinements,
    step text NOT NULL CHECK (step IN ('refine', 'integrate', 'report')),
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL CHECK (ended_at >= started_at),
    finding text NOT NULL,
    cpu_s double precision NOT NULL CHECK (cpu_s >= 0),
    peak_memory_bytes bigint NOT NULL CHECK (peak_memory_bytes >= 0),
    -- a step is recorded once
    PRIMARY KEY (joint_id, step)
);

CREATE TABLE beamloop.joint_artifacts (
    joint_id bigint NOT NULL,
    step text NOT NULL,
    name text NOT NULL,
    -- an object belongs to one row
    key text NOT NULL UNIQUE,
    sha256 beamloop.sha256 NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    PRIMARY KEY (joint_id, step, name),
    FOREIGN KEY (joint_id, step) REFERENCES beamloop.joint_steps
);
