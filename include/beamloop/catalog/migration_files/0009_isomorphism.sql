-- Which crystals belong together: reports by snapshot, groups whose names stay, and what people said.

-- A group keeps its identity from night to night; who belongs to it, each report says anew.
CREATE TABLE beamloop.isomorphous_groups (
    group_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection_id bigint NOT NULL REFERENCES beamloop.collections,
    -- A, B, ..., Z, AA, ...
    name text NOT NULL CHECK (name ~ '^[A-Z]{1,6}$'),
    made_at timestamptz NOT NULL DEFAULT now(),
    -- a name is never given to a second group
    UNIQUE (collection_id, name)
);

-- The last word on a crystal stands; the earlier ones stay to be read.
CREATE TABLE beamloop.member_decisions (
    decision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sweep_id bigint NOT NULL REFERENCES beamloop.sweeps,
    -- one crystal of one run; both null: all crystals of the sweep, whatever its run
    run_id bigint REFERENCES beamloop.runs,
    crystal_number smallint,
    kind text NOT NULL CHECK (kind IN ('exclude', 'include', 'regroup', 'withdraw')),
    group_id bigint REFERENCES beamloop.isomorphous_groups,
    said_by text NOT NULL,
    said_at timestamptz NOT NULL DEFAULT now(),
    why text NOT NULL CHECK (why <> ''),
    CHECK ((run_id IS NULL) = (crystal_number IS NULL)),
    CHECK ((kind = 'regroup') = (group_id IS NOT NULL))
);
CREATE INDEX member_decisions_of_sweep ON beamloop.member_decisions (sweep_id);

CREATE TABLE beamloop.limit_decisions (
    decision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection_id bigint NOT NULL REFERENCES beamloop.collections,
    limit_percent double precision NOT NULL CHECK (limit_percent > 0 AND limit_percent <= 100),
    said_by text NOT NULL,
    said_at timestamptz NOT NULL DEFAULT now(),
    why text NOT NULL CHECK (why <> '')
);
CREATE INDEX limit_decisions_of_collection ON beamloop.limit_decisions (collection_id);

CREATE TABLE beamloop.isomorphism_reports (
    report_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection_id bigint NOT NULL REFERENCES beamloop.collections,
    -- of the crystals, what people said of them, and the limit
    membership_sha256 beamloop.sha256 NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT now(),
    -- null while its files are made and uploaded; a report without it is nobody's
    published_at timestamptz,
    limit_percent double precision NOT NULL CHECK (limit_percent > 0),
    verdict text CHECK (verdict IN ('isomorphous', 'not_isomorphous', 'too_few', 'implausible')),
    sentence text,
    -- what the common cells are: "reduced", "conventional I"
    setting text,
    -- of the members; null below two of them
    lcv_percent double precision CHECK (lcv_percent >= 0),
    alcv_angstrom double precision CHECK (alcv_angstrom >= 0),
    -- of all crystals that no person excluded
    all_lcv_percent double precision CHECK (all_lcv_percent >= 0),
    all_alcv_angstrom double precision CHECK (all_alcv_angstrom >= 0),
    wall_s double precision,
    cpu_s double precision,
    -- the same crystals and the same words give one report, however often it is asked for
    UNIQUE (collection_id, membership_sha256),
    CHECK (published_at IS NULL OR (verdict IS NOT NULL AND sentence IS NOT NULL AND setting IS NOT NULL))
);

CREATE TABLE beamloop.report_members (
    report_id bigint NOT NULL REFERENCES beamloop.isomorphism_reports,
    run_id bigint NOT NULL REFERENCES beamloop.runs,
    crystal_number smallint NOT NULL CHECK (crystal_number >= 1),
    -- from 1, in the order of the lists and of the tree of all; null for what a person excluded
    serial integer CHECK (serial >= 1),
    standing text NOT NULL CHECK (standing IN ('member', 'outlier', 'excluded')),
    space_group text NOT NULL,
    cell beamloop.unit_cell NOT NULL,
    common_cell beamloop.unit_cell,
    -- from the crystal's own cell to the common one: "a,b,c"
    operator text,
    -- of the face diagonal that stands out most
    robust_z double precision,
    -- "doubled_axis"; empty where nothing is to be said
    reason text NOT NULL,
    sentence text NOT NULL,
    decision_id bigint REFERENCES beamloop.member_decisions,
    PRIMARY KEY (report_id, run_id, crystal_number),
    UNIQUE (report_id, serial),
    CHECK ((standing = 'excluded') = (serial IS NULL)),
    CHECK ((common_cell IS NULL) = (serial IS NULL) AND (operator IS NULL) = (serial IS NULL))
);

CREATE TABLE beamloop.report_groups (
    report_id bigint NOT NULL REFERENCES beamloop.isomorphism_reports,
    group_id bigint NOT NULL REFERENCES beamloop.isomorphous_groups,
    -- of the group's common cells; 0 for a group of one
    lcv_percent double precision NOT NULL CHECK (lcv_percent >= 0),
    alcv_angstrom double precision NOT NULL CHECK (alcv_angstrom >= 0),
    PRIMARY KEY (report_id, group_id)
);
CREATE INDEX report_groups_of_group ON beamloop.report_groups (group_id, report_id);

CREATE TABLE beamloop.group_members (
    report_id bigint NOT NULL,
    group_id bigint NOT NULL,
    run_id bigint NOT NULL,
    crystal_number smallint NOT NULL,
    -- a crystal belongs to one group of a report
    PRIMARY KEY (report_id, run_id, crystal_number),
    FOREIGN KEY (report_id, group_id) REFERENCES beamloop.report_groups,
    FOREIGN KEY (report_id, run_id, crystal_number) REFERENCES beamloop.report_members
);
CREATE INDEX group_members_of_group ON beamloop.group_members (report_id, group_id);

-- What validation found, each expectation once.
CREATE TABLE beamloop.report_findings (
    report_id bigint NOT NULL REFERENCES beamloop.isomorphism_reports,
    finding_number smallint NOT NULL CHECK (finding_number >= 1),
    expectation text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('critical', 'warning')),
    passed boolean NOT NULL,
    sentence text NOT NULL,
    statistics jsonb NOT NULL,
    -- where to look
    sweeps text[] NOT NULL,
    PRIMARY KEY (report_id, finding_number)
);

CREATE TABLE beamloop.report_artifacts (
    report_id bigint NOT NULL REFERENCES beamloop.isomorphism_reports,
    name text NOT NULL,
    key text NOT NULL UNIQUE,
    sha256 beamloop.sha256 NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    PRIMARY KEY (report_id, name)
);

-- How often a collection changed in what a report is made of, and up to where a check has taken it up.
CREATE TABLE beamloop.isomorphism_news (
    collection_id bigint PRIMARY KEY REFERENCES beamloop.collections,
    changes bigint NOT NULL,
    taken_up bigint NOT NULL DEFAULT 0,
    -- since when the first change waits that is not taken up
    waiting_since timestamptz NOT NULL,
    person_waits boolean NOT NULL,
    CHECK (taken_up <= changes)
);
-- the dispatcher looks every 20 s: it reads the collections with news, not all that ever were
CREATE INDEX isomorphism_news_waiting ON beamloop.isomorphism_news (collection_id) WHERE taken_up < changes;

CREATE FUNCTION beamloop.note_isomorphism_news(of_collection bigint, by_person boolean) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO beamloop.isomorphism_news AS n (collection_id, changes, waiting_since, person_waits)
    VALUES (of_collection, 1, now(), by_person)
    ON CONFLICT (collection_id) DO UPDATE SET
        changes = n.changes + 1,
        waiting_since = CASE WHEN n.taken_up = n.changes THEN now() ELSE n.waiting_since END,
        person_waits = n.person_waits OR excluded.person_waits;
END $$;

-- Triggers, so that no writer of results or words can forget it.
CREATE FUNCTION beamloop.outcome_is_news() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM beamloop.note_isomorphism_news(s.collection_id, false)
    FROM beamloop.runs r JOIN beamloop.sweeps s USING (sweep_id) WHERE r.run_id = NEW.run_id;
    RETURN NULL;
END $$;
CREATE TRIGGER processed_is_news AFTER INSERT OR UPDATE ON beamloop.outcomes
    FOR EACH ROW WHEN (NEW.code = 'processed') EXECUTE FUNCTION beamloop.outcome_is_news();

CREATE FUNCTION beamloop.member_decision_is_news() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM beamloop.note_isomorphism_news(s.collection_id, true)
    FROM beamloop.sweeps s WHERE s.sweep_id = NEW.sweep_id;
    RETURN NULL;
END $$;
CREATE TRIGGER decision_is_news AFTER INSERT ON beamloop.member_decisions
    FOR EACH ROW EXECUTE FUNCTION beamloop.member_decision_is_news();

CREATE FUNCTION beamloop.limit_decision_is_news() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM beamloop.note_isomorphism_news(NEW.collection_id, true);
    RETURN NULL;
END $$;
CREATE TRIGGER decision_is_news AFTER INSERT ON beamloop.limit_decisions
    FOR EACH ROW EXECUTE FUNCTION beamloop.limit_decision_is_news();

CREATE FUNCTION beamloop.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what a person said stays as it was said: add a new row to %', TG_TABLE_NAME;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON beamloop.member_decisions
    FOR EACH ROW EXECUTE FUNCTION beamloop.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON beamloop.limit_decisions
    FOR EACH ROW EXECUTE FUNCTION beamloop.refuse_change();

-- What was processed before there were reports.
INSERT INTO beamloop.isomorphism_news (collection_id, changes, waiting_since, person_waits)
SELECT DISTINCT s.collection_id, 1, now(), false
FROM beamloop.outcomes o JOIN beamloop.runs r USING (run_id) JOIN beamloop.sweeps s USING (sweep_id)
WHERE o.code = 'processed';
