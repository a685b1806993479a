-- The whole schema as the migrations make it, for reading; a test keeps the two equal.

CREATE SCHEMA beamloop;

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA beamloop;

COMMENT ON EXTENSION btree_gist IS 'support for indexing common datatypes in GiST';

CREATE DOMAIN beamloop.safe_name AS text
	CONSTRAINT safe_name_check CHECK ((VALUE ~ '^[A-Za-z0-9][A-Za-z0-9_.+-]{0,79}$'::text));

CREATE DOMAIN beamloop.sha256 AS text
	CONSTRAINT sha256_check CHECK ((VALUE ~ '^[0-9a-f]{64}$'::text));

CREATE DOMAIN beamloop.unit_cell AS double precision[]
	CONSTRAINT unit_cell_check CHECK (((array_length(VALUE, 1) = 6) AND ((0)::double precision < ALL (VALUE))));

CREATE FUNCTION beamloop.added_outcomes_stand() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM beamloop.note_standings(array_agg(DISTINCT r.sweep_id))
    FROM added JOIN beamloop.runs r USING (run_id);
    RETURN NULL;
END $$;

CREATE FUNCTION beamloop.added_runs_stand() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM beamloop.note_standings(array_agg(DISTINCT sweep_id)) FROM added;
    RETURN NULL;
END $$;

CREATE FUNCTION beamloop.limit_decision_is_news() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM beamloop.note_isomorphism_news(NEW.collection_id, true);
    RETURN NULL;
END $$;

CREATE FUNCTION beamloop.member_decision_is_news() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM beamloop.note_isomorphism_news(s.collection_id, true)
    FROM beamloop.sweeps s WHERE s.sweep_id = NEW.sweep_id;
    RETURN NULL;
END $$;

CREATE FUNCTION beamloop.note_isomorphism_news(of_collection bigint, by_person boolean) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO beamloop.isomorphism_news AS n (collection_id, changes, waiting_since, person_waits)
    VALUES (of_collection, 1, now(), by_person)
    ON CONFLICT (collection_id) DO UPDATE SET
        changes = n.changes + 1,
        waiting_since = CASE WHEN n.taken_up = n.changes THEN now() ELSE n.waiting_since END,
        person_waits = n.person_waits OR excluded.person_waits;
END $$;

CREATE FUNCTION beamloop.note_standings(of_sweeps bigint[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    -- First the locks, in one order; then a look, which so sees what their holders before have done.
    PERFORM FROM beamloop.sweep_standings WHERE sweep_id = ANY (of_sweeps) ORDER BY sweep_id FOR NO KEY UPDATE;
    UPDATE beamloop.sweep_standings t SET run_id = f.run_id, state = f.state, ended_at = f.ended_at
    FROM beamloop.standings_found f
    WHERE t.sweep_id = ANY (of_sweeps) AND f.sweep_id = t.sweep_id
      AND (t.run_id, t.state, t.ended_at) IS DISTINCT FROM (f.run_id, f.state, f.ended_at);
END $$;

CREATE FUNCTION beamloop.outcome_is_news() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM beamloop.note_isomorphism_news(s.collection_id, false)
    FROM beamloop.runs r JOIN beamloop.sweeps s USING (sweep_id) WHERE r.run_id = NEW.run_id;
    RETURN NULL;
END $$;

CREATE FUNCTION beamloop.outcome_stands() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM beamloop.note_standings(ARRAY[r.sweep_id]) FROM beamloop.runs r WHERE r.run_id = OLD.run_id;
    RETURN NULL;
END $$;

CREATE FUNCTION beamloop.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'what a person said stays as it was said: add a new row to %', TG_TABLE_NAME;
END $$;

CREATE FUNCTION beamloop.run_stands() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM beamloop.note_standings(ARRAY[NEW.sweep_id]);
    RETURN NULL;
END $$;

CREATE FUNCTION beamloop.sweeps_stand() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO beamloop.sweep_standings (sweep_id, collection_id) SELECT sweep_id, collection_id FROM added;
    RETURN NULL;
END $$;

CREATE TABLE beamloop.adopted_files (
    run_id bigint NOT NULL,
    path text NOT NULL,
    sha256 beamloop.sha256 NOT NULL,
    size_bytes bigint NOT NULL,
    CONSTRAINT adopted_files_size_bytes_check CHECK ((size_bytes >= 0))
);

CREATE TABLE beamloop.adoptions (
    run_id bigint NOT NULL,
    adopted_by text NOT NULL,
    adopted_at timestamp with time zone DEFAULT now() NOT NULL,
    directory text NOT NULL,
    template text NOT NULL
);

CREATE TABLE beamloop.artifacts (
    run_id bigint NOT NULL,
    step text NOT NULL,
    name text NOT NULL,
    key text NOT NULL,
    sha256 beamloop.sha256 NOT NULL,
    size_bytes bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    artifact_id bigint NOT NULL,
    CONSTRAINT artifacts_size_bytes_check CHECK ((size_bytes >= 0))
);

ALTER TABLE beamloop.artifacts ALTER COLUMN artifact_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.artifacts_artifact_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.beamlines (
    beamline beamloop.safe_name NOT NULL,
    registered_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE beamloop.collections (
    collection_id bigint NOT NULL,
    beamline text NOT NULL,
    directory text NOT NULL,
    name text NOT NULL,
    key_name beamloop.safe_name NOT NULL,
    known_space_group text,
    known_unit_cell beamloop.unit_cell,
    registered_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE beamloop.collections ALTER COLUMN collection_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.collections_collection_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.crystals (
    run_id bigint NOT NULL,
    step text NOT NULL,
    crystal_number smallint NOT NULL,
    space_group text NOT NULL,
    cell beamloop.unit_cell NOT NULL,
    cell_su double precision[],
    indexed_count integer NOT NULL,
    rmsd_x_mm double precision,
    rmsd_y_mm double precision,
    rmsd_x_px double precision,
    rmsd_y_px double precision,
    rmsd_phi_deg double precision,
    distance_mm double precision NOT NULL,
    beam_x_mm double precision NOT NULL,
    beam_y_mm double precision NOT NULL,
    used_count integer,
    CONSTRAINT crystals_cell_su_check CHECK (((cell_su IS NULL) OR (array_length(cell_su, 1) = 6))),
    CONSTRAINT crystals_crystal_number_check CHECK ((crystal_number >= 1)),
    CONSTRAINT crystals_indexed_count_check CHECK ((indexed_count >= 0)),
    CONSTRAINT crystals_step_check CHECK ((step = ANY (ARRAY['index'::text, 'refine'::text, 'integrate'::text]))),
    CONSTRAINT crystals_used_count_check CHECK ((used_count >= 0))
);

CREATE TABLE beamloop.detector_words (
    word_id bigint NOT NULL,
    detector_id bigint NOT NULL,
    serviced_at timestamp with time zone NOT NULL,
    word text NOT NULL,
    said_by text NOT NULL,
    said_at timestamp with time zone DEFAULT now() NOT NULL,
    why text NOT NULL,
    CONSTRAINT detector_words_said_by_check CHECK ((said_by <> ''::text)),
    CONSTRAINT detector_words_why_check CHECK ((why <> ''::text)),
    CONSTRAINT detector_words_word_check CHECK ((word = ANY (ARRAY['serviced'::text, 'taken_back'::text])))
);

ALTER TABLE beamloop.detector_words ALTER COLUMN word_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.detector_words_word_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.detectors (
    detector_id bigint NOT NULL,
    beamline text NOT NULL,
    identifier text NOT NULL,
    registered_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT detectors_identifier_check CHECK ((identifier <> ''::text))
);

ALTER TABLE beamloop.detectors ALTER COLUMN detector_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.detectors_detector_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.events (
    event_id bigint NOT NULL,
    happened_at timestamp with time zone DEFAULT now() NOT NULL,
    actor text NOT NULL,
    kind text NOT NULL,
    collection_id bigint,
    run_id bigint,
    sentence text NOT NULL
);

ALTER TABLE beamloop.events ALTER COLUMN event_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.events_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.failure_bursts (
    burst_id bigint NOT NULL,
    beamline text NOT NULL,
    code text NOT NULL,
    cause text NOT NULL,
    last_failure_at timestamp with time zone NOT NULL
);

ALTER TABLE beamloop.failure_bursts ALTER COLUMN burst_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.failure_bursts_burst_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW beamloop.first_crystals AS
 SELECT DISTINCT ON (crystals.run_id) crystals.run_id,
    crystals.step,
    crystals.space_group,
    crystals.cell,
    crystals.indexed_count,
    crystals.rmsd_x_px,
    crystals.rmsd_y_px,
    crystals.rmsd_phi_deg
   FROM beamloop.crystals
  WHERE (crystals.crystal_number = 1)
  ORDER BY crystals.run_id, (array_position(ARRAY['integrate'::text, 'refine'::text, 'index'::text], crystals.step));

CREATE TABLE beamloop.geometry_decisions (
    decision_id bigint NOT NULL,
    geometry_id bigint NOT NULL,
    decision text NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamp with time zone DEFAULT now() NOT NULL,
    why text NOT NULL,
    in_force_from timestamp with time zone,
    without_evidence boolean DEFAULT false NOT NULL,
    CONSTRAINT geometry_decisions_check CHECK (((decision = 'promote'::text) = (in_force_from IS NOT NULL))),
    CONSTRAINT geometry_decisions_check1 CHECK (((decision = 'promote'::text) OR (NOT without_evidence))),
    CONSTRAINT geometry_decisions_decided_by_check CHECK ((decided_by <> ''::text)),
    CONSTRAINT geometry_decisions_decision_check CHECK ((decision = ANY (ARRAY['promote'::text, 'reject'::text, 'withdraw'::text]))),
    CONSTRAINT geometry_decisions_why_check CHECK ((why <> ''::text))
);

ALTER TABLE beamloop.geometry_decisions ALTER COLUMN decision_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.geometry_decisions_decision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.geometry_questions (
    geometry_id bigint NOT NULL,
    asked_at timestamp with time zone DEFAULT now() NOT NULL,
    until timestamp with time zone NOT NULL,
    approvers text[] NOT NULL,
    notice_at timestamp with time zone DEFAULT now() NOT NULL,
    notice_count integer DEFAULT 0 NOT NULL,
    CONSTRAINT geometry_questions_check CHECK ((until > asked_at)),
    CONSTRAINT geometry_questions_notice_count_check CHECK ((notice_count >= 0))
);

CREATE TABLE beamloop.geometry_sources (
    geometry_id bigint NOT NULL,
    run_id bigint NOT NULL,
    role text NOT NULL,
    CONSTRAINT geometry_sources_role_check CHECK ((role = ANY (ARRAY['refined'::text, 'held_out'::text])))
);

CREATE TABLE beamloop.geometry_versions (
    geometry_id bigint NOT NULL,
    detector_id bigint NOT NULL,
    beamline text NOT NULL,
    state text DEFAULT 'candidate'::text NOT NULL,
    validity tstzrange DEFAULT 'empty'::tstzrange NOT NULL,
    distance_mm double precision NOT NULL,
    header_distance_mm double precision,
    hierarchy_level smallint NOT NULL,
    panel_count integer NOT NULL,
    multi_panel boolean NOT NULL,
    takes_beam boolean DEFAULT false NOT NULL,
    takes_goniometer boolean DEFAULT false NOT NULL,
    models_key text NOT NULL,
    models_sha256 beamloop.sha256 NOT NULL,
    models_size_bytes bigint NOT NULL,
    evidence jsonb,
    origin text NOT NULL,
    made_by text NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    drift_noticed_at timestamp with time zone,
    CONSTRAINT geometry_versions_check CHECK (((state = ANY (ARRAY['candidate'::text, 'rejected'::text])) = isempty(validity))),
    CONSTRAINT geometry_versions_check1 CHECK (((state <> 'in_force'::text) OR upper_inf(validity))),
    CONSTRAINT geometry_versions_check2 CHECK (((state <> 'superseded'::text) OR (NOT upper_inf(validity)))),
    CONSTRAINT geometry_versions_distance_mm_check CHECK ((distance_mm > (0)::double precision)),
    CONSTRAINT geometry_versions_header_distance_mm_check CHECK ((header_distance_mm > (0)::double precision)),
    CONSTRAINT geometry_versions_hierarchy_level_check CHECK ((hierarchy_level >= 0)),
    CONSTRAINT geometry_versions_models_size_bytes_check CHECK ((models_size_bytes > 0)),
    CONSTRAINT geometry_versions_origin_check CHECK ((origin <> ''::text)),
    CONSTRAINT geometry_versions_panel_count_check CHECK ((panel_count >= 1)),
    CONSTRAINT geometry_versions_state_check CHECK ((state = ANY (ARRAY['candidate'::text, 'in_force'::text, 'superseded'::text, 'rejected'::text, 'withdrawn'::text]))),
    CONSTRAINT geometry_versions_validity_check CHECK ((isempty(validity) OR (lower_inc(validity) AND (NOT lower_inf(validity)))))
);

ALTER TABLE beamloop.geometry_versions ALTER COLUMN geometry_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.geometry_versions_geometry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.group_members (
    report_id bigint NOT NULL,
    group_id bigint NOT NULL,
    run_id bigint NOT NULL,
    crystal_number smallint NOT NULL
);

CREATE TABLE beamloop.integrations (
    run_id bigint NOT NULL,
    summed_count integer NOT NULL,
    profile_fitted_count integer NOT NULL,
    mean_i_over_sigma double precision,
    d_min_angstrom double precision,
    for_merging boolean NOT NULL,
    CONSTRAINT integrations_d_min_angstrom_check CHECK ((d_min_angstrom > (0)::double precision)),
    CONSTRAINT integrations_profile_fitted_count_check CHECK ((profile_fitted_count >= 0)),
    CONSTRAINT integrations_summed_count_check CHECK ((summed_count >= 0))
);

CREATE TABLE beamloop.isomorphism_news (
    collection_id bigint NOT NULL,
    changes bigint NOT NULL,
    taken_up bigint DEFAULT 0 NOT NULL,
    waiting_since timestamp with time zone NOT NULL,
    person_waits boolean NOT NULL,
    CONSTRAINT isomorphism_news_check CHECK ((taken_up <= changes))
);

CREATE TABLE beamloop.isomorphism_reports (
    report_id bigint NOT NULL,
    collection_id bigint NOT NULL,
    membership_sha256 beamloop.sha256 NOT NULL,
    begun_at timestamp with time zone DEFAULT now() NOT NULL,
    published_at timestamp with time zone,
    limit_percent double precision NOT NULL,
    verdict text,
    sentence text,
    setting text,
    lcv_percent double precision,
    alcv_angstrom double precision,
    all_lcv_percent double precision,
    all_alcv_angstrom double precision,
    wall_s double precision,
    cpu_s double precision,
    CONSTRAINT isomorphism_reports_alcv_angstrom_check CHECK ((alcv_angstrom >= (0)::double precision)),
    CONSTRAINT isomorphism_reports_all_alcv_angstrom_check CHECK ((all_alcv_angstrom >= (0)::double precision)),
    CONSTRAINT isomorphism_reports_all_lcv_percent_check CHECK ((all_lcv_percent >= (0)::double precision)),
    CONSTRAINT isomorphism_reports_check CHECK (((published_at IS NULL) OR ((verdict IS NOT NULL) AND (sentence IS NOT NULL) AND (setting IS NOT NULL)))),
    CONSTRAINT isomorphism_reports_lcv_percent_check CHECK ((lcv_percent >= (0)::double precision)),
    CONSTRAINT isomorphism_reports_limit_percent_check CHECK ((limit_percent > (0)::double precision)),
    CONSTRAINT isomorphism_reports_verdict_check CHECK ((verdict = ANY (ARRAY['isomorphous'::text, 'not_isomorphous'::text, 'too_few'::text, 'implausible'::text])))
);

ALTER TABLE beamloop.isomorphism_reports ALTER COLUMN report_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.isomorphism_reports_report_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.isomorphous_groups (
    group_id bigint NOT NULL,
    collection_id bigint NOT NULL,
    name text NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT isomorphous_groups_name_check CHECK ((name ~ '^[A-Z]{1,6}$'::text))
);

ALTER TABLE beamloop.isomorphous_groups ALTER COLUMN group_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.isomorphous_groups_group_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.joint_artifacts (
    joint_id bigint NOT NULL,
    step text NOT NULL,
    name text NOT NULL,
    key text NOT NULL,
    sha256 beamloop.sha256 NOT NULL,
    size_bytes bigint NOT NULL,
    artifact_id bigint NOT NULL,
    CONSTRAINT joint_artifacts_size_bytes_check CHECK ((size_bytes >= 0))
);

ALTER TABLE beamloop.joint_artifacts ALTER COLUMN artifact_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.joint_artifacts_artifact_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.joint_crystals (
    joint_id bigint NOT NULL,
    run_id bigint NOT NULL,
    crystal_number smallint NOT NULL,
    moment text NOT NULL,
    cell beamloop.unit_cell NOT NULL,
    cell_su double precision[],
    used_count integer NOT NULL,
    rmsd_x_mm double precision,
    rmsd_y_mm double precision,
    rmsd_phi_deg double precision,
    distance_mm double precision NOT NULL,
    CONSTRAINT joint_crystals_cell_su_check CHECK (((cell_su IS NULL) OR (array_length(cell_su, 1) = 6))),
    CONSTRAINT joint_crystals_moment_check CHECK ((moment = ANY (ARRAY['before'::text, 'after'::text]))),
    CONSTRAINT joint_crystals_used_count_check CHECK ((used_count >= 0))
);

CREATE TABLE beamloop.joint_figures (
    joint_id bigint NOT NULL,
    moment text NOT NULL,
    lcv_percent double precision NOT NULL,
    alcv_angstrom double precision NOT NULL,
    spread_percent double precision NOT NULL,
    used_count integer NOT NULL,
    rmsd_x_mm double precision,
    rmsd_y_mm double precision,
    rmsd_phi_deg double precision,
    distance_least_mm double precision NOT NULL,
    distance_greatest_mm double precision NOT NULL,
    CONSTRAINT joint_figures_alcv_angstrom_check CHECK ((alcv_angstrom >= (0)::double precision)),
    CONSTRAINT joint_figures_lcv_percent_check CHECK ((lcv_percent >= (0)::double precision)),
    CONSTRAINT joint_figures_moment_check CHECK ((moment = ANY (ARRAY['before'::text, 'after'::text]))),
    CONSTRAINT joint_figures_spread_percent_check CHECK ((spread_percent >= (0)::double precision)),
    CONSTRAINT joint_figures_used_count_check CHECK ((used_count >= 0))
);

CREATE TABLE beamloop.joint_members (
    joint_id bigint NOT NULL,
    run_id bigint NOT NULL,
    crystal_number smallint NOT NULL,
    space_group text NOT NULL,
    left_why text,
    CONSTRAINT joint_members_crystal_number_check CHECK ((crystal_number >= 1)),
    CONSTRAINT joint_members_left_why_check CHECK ((left_why <> ''::text))
);

CREATE TABLE beamloop.joint_refinements (
    joint_id bigint NOT NULL,
    group_id bigint NOT NULL,
    report_id bigint NOT NULL,
    work_sha256 beamloop.sha256 NOT NULL,
    repetition smallint NOT NULL,
    options jsonb NOT NULL,
    dials_version text NOT NULL,
    requested_by text NOT NULL,
    asked_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    state text DEFAULT 'waiting'::text NOT NULL,
    code text,
    step text,
    sentence text DEFAULT ''::text NOT NULL,
    last_trouble text DEFAULT ''::text NOT NULL,
    CONSTRAINT joint_refinements_check CHECK (((state = 'waiting'::text) = (ended_at IS NULL))),
    CONSTRAINT joint_refinements_check1 CHECK (((state = 'failed'::text) = ((code IS NOT NULL) AND (step IS NOT NULL)))),
    CONSTRAINT joint_refinements_check2 CHECK (((state = 'waiting'::text) OR (sentence <> ''::text))),
    CONSTRAINT joint_refinements_repetition_check CHECK ((repetition >= 0)),
    CONSTRAINT joint_refinements_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'published'::text, 'kept'::text, 'failed'::text])))
);

ALTER TABLE beamloop.joint_refinements ALTER COLUMN joint_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.joint_refinements_joint_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.joint_steps (
    joint_id bigint NOT NULL,
    step text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    finding text NOT NULL,
    cpu_s double precision NOT NULL,
    peak_memory_bytes bigint NOT NULL,
    CONSTRAINT joint_steps_check CHECK ((ended_at >= started_at)),
    CONSTRAINT joint_steps_cpu_s_check CHECK ((cpu_s >= (0)::double precision)),
    CONSTRAINT joint_steps_peak_memory_bytes_check CHECK ((peak_memory_bytes >= 0)),
    CONSTRAINT joint_steps_step_check CHECK ((step = ANY (ARRAY['refine'::text, 'integrate'::text, 'report'::text])))
);

CREATE TABLE beamloop.joint_tasks (
    dag_run_id text NOT NULL,
    map_index integer NOT NULL,
    joint_id bigint NOT NULL,
    noted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT joint_tasks_map_index_check CHECK ((map_index >= 0))
);

CREATE TABLE beamloop.joint_words (
    joint_id bigint NOT NULL,
    setting text NOT NULL,
    worse text[] NOT NULL,
    notes text[] NOT NULL,
    parts smallint NOT NULL,
    CONSTRAINT joint_words_parts_check CHECK ((parts >= 1))
);

CREATE VIEW beamloop.joints_told AS
 SELECT j.joint_id,
    j.group_id,
    g.name AS group_name,
    g.collection_id,
    j.state,
    j.sentence,
    j.requested_by,
    j.asked_at,
    j.ended_at,
    before.lcv_percent AS lcv_before_percent,
    after.lcv_percent AS lcv_after_percent,
    before.spread_percent AS spread_before_percent,
    after.spread_percent AS spread_after_percent,
    before.rmsd_x_mm AS rmsd_x_before_mm,
    after.rmsd_x_mm AS rmsd_x_after_mm,
    before.rmsd_y_mm AS rmsd_y_before_mm,
    after.rmsd_y_mm AS rmsd_y_after_mm,
    ( SELECT count(*) AS count
           FROM beamloop.joint_members m
          WHERE (m.joint_id = j.joint_id)) AS crystals,
    ( SELECT a.artifact_id
           FROM beamloop.joint_artifacts a
          WHERE ((a.joint_id = j.joint_id) AND (a.step = 'report'::text) AND (a.name = 'report.html'::text))) AS report_file,
    task.dag_run_id,
    task.map_index
   FROM ((((beamloop.joint_refinements j
     JOIN beamloop.isomorphous_groups g USING (group_id))
     LEFT JOIN beamloop.joint_figures before ON (((before.joint_id = j.joint_id) AND (before.moment = 'before'::text))))
     LEFT JOIN beamloop.joint_figures after ON (((after.joint_id = j.joint_id) AND (after.moment = 'after'::text))))
     LEFT JOIN LATERAL ( SELECT t.dag_run_id,
            t.map_index
           FROM beamloop.joint_tasks t
          WHERE (t.joint_id = j.joint_id)
          ORDER BY t.noted_at DESC
         LIMIT 1) task ON (true));

CREATE TABLE beamloop.limit_decisions (
    decision_id bigint NOT NULL,
    collection_id bigint NOT NULL,
    limit_percent double precision NOT NULL,
    said_by text NOT NULL,
    said_at timestamp with time zone DEFAULT now() NOT NULL,
    why text NOT NULL,
    CONSTRAINT limit_decisions_limit_percent_check CHECK (((limit_percent > (0)::double precision) AND (limit_percent <= (100)::double precision))),
    CONSTRAINT limit_decisions_why_check CHECK ((why <> ''::text))
);

ALTER TABLE beamloop.limit_decisions ALTER COLUMN decision_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.limit_decisions_decision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.member_decisions (
    decision_id bigint NOT NULL,
    sweep_id bigint NOT NULL,
    run_id bigint,
    crystal_number smallint,
    kind text NOT NULL,
    group_id bigint,
    said_by text NOT NULL,
    said_at timestamp with time zone DEFAULT now() NOT NULL,
    why text NOT NULL,
    CONSTRAINT member_decisions_check CHECK (((run_id IS NULL) = (crystal_number IS NULL))),
    CONSTRAINT member_decisions_check1 CHECK (((kind = 'regroup'::text) = (group_id IS NOT NULL))),
    CONSTRAINT member_decisions_kind_check CHECK ((kind = ANY (ARRAY['exclude'::text, 'include'::text, 'regroup'::text, 'withdraw'::text]))),
    CONSTRAINT member_decisions_why_check CHECK ((why <> ''::text))
);

ALTER TABLE beamloop.member_decisions ALTER COLUMN decision_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.member_decisions_decision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.merge_artifacts (
    merge_id bigint NOT NULL,
    name text NOT NULL,
    key text NOT NULL,
    sha256 beamloop.sha256 NOT NULL,
    size_bytes bigint NOT NULL,
    artifact_id bigint NOT NULL,
    CONSTRAINT merge_artifacts_size_bytes_check CHECK ((size_bytes >= 0))
);

ALTER TABLE beamloop.merge_artifacts ALTER COLUMN artifact_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.merge_artifacts_artifact_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.merge_members (
    merge_id bigint NOT NULL,
    run_id bigint NOT NULL,
    crystal_number smallint NOT NULL,
    left_why text,
    CONSTRAINT merge_members_crystal_number_check CHECK ((crystal_number >= 1)),
    CONSTRAINT merge_members_left_why_check CHECK ((left_why <> ''::text))
);

CREATE TABLE beamloop.merge_shells (
    merge_id bigint NOT NULL,
    shell smallint NOT NULL,
    d_max_angstrom double precision NOT NULL,
    d_min_angstrom double precision NOT NULL,
    observation_count integer NOT NULL,
    unique_count integer NOT NULL,
    completeness_percent double precision,
    multiplicity double precision,
    r_merge double precision,
    r_meas double precision,
    r_pim double precision,
    cc_half double precision,
    i_over_sigma double precision,
    CONSTRAINT merge_shells_cc_half_check CHECK (((cc_half >= ('-1'::integer)::double precision) AND (cc_half <= (1)::double precision))),
    CONSTRAINT merge_shells_check CHECK ((d_max_angstrom >= d_min_angstrom)),
    CONSTRAINT merge_shells_completeness_percent_check CHECK ((completeness_percent >= (0)::double precision)),
    CONSTRAINT merge_shells_d_min_angstrom_check CHECK ((d_min_angstrom > (0)::double precision)),
    CONSTRAINT merge_shells_multiplicity_check CHECK ((multiplicity >= (0)::double precision)),
    CONSTRAINT merge_shells_observation_count_check CHECK ((observation_count >= 0)),
    CONSTRAINT merge_shells_shell_check CHECK ((shell >= 0)),
    CONSTRAINT merge_shells_unique_count_check CHECK ((unique_count >= 0))
);

CREATE TABLE beamloop.merge_tasks (
    dag_run_id text NOT NULL,
    map_index integer NOT NULL,
    merge_id bigint NOT NULL,
    noted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT merge_tasks_map_index_check CHECK ((map_index >= 0))
);

CREATE TABLE beamloop.merges (
    merge_id bigint NOT NULL,
    group_id bigint NOT NULL,
    report_id bigint NOT NULL,
    work_sha256 beamloop.sha256 NOT NULL,
    options jsonb NOT NULL,
    dials_version text NOT NULL,
    requested_by text NOT NULL,
    asked_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    state text DEFAULT 'waiting'::text NOT NULL,
    code text,
    sentence text DEFAULT ''::text NOT NULL,
    last_trouble text DEFAULT ''::text NOT NULL,
    space_group text,
    cell beamloop.unit_cell,
    dataset_count smallint,
    cpu_s double precision DEFAULT 0 NOT NULL,
    peak_memory_bytes bigint DEFAULT 0 NOT NULL,
    CONSTRAINT merges_check CHECK (((state = 'waiting'::text) = (ended_at IS NULL))),
    CONSTRAINT merges_check1 CHECK (((state = 'failed'::text) = (code IS NOT NULL))),
    CONSTRAINT merges_check2 CHECK (((state = 'merged'::text) = ((space_group IS NOT NULL) AND (cell IS NOT NULL) AND (dataset_count IS NOT NULL)))),
    CONSTRAINT merges_check3 CHECK (((state = 'waiting'::text) OR (sentence <> ''::text))),
    CONSTRAINT merges_cpu_s_check CHECK ((cpu_s >= (0)::double precision)),
    CONSTRAINT merges_dataset_count_check CHECK ((dataset_count >= 1)),
    CONSTRAINT merges_peak_memory_bytes_check CHECK ((peak_memory_bytes >= 0)),
    CONSTRAINT merges_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'merged'::text, 'failed'::text])))
);

ALTER TABLE beamloop.merges ALTER COLUMN merge_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.merges_merge_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW beamloop.merges_told AS
 SELECT m.merge_id,
    m.group_id,
    g.name AS group_name,
    g.collection_id,
    m.state,
    m.sentence,
    m.requested_by,
    m.asked_at,
    m.ended_at,
    m.space_group,
    m.cell,
    m.dataset_count,
    task.dag_run_id,
    task.map_index
   FROM ((beamloop.merges m
     JOIN beamloop.isomorphous_groups g USING (group_id))
     LEFT JOIN LATERAL ( SELECT t.dag_run_id,
            t.map_index
           FROM beamloop.merge_tasks t
          WHERE (t.merge_id = m.merge_id)
          ORDER BY t.noted_at DESC
         LIMIT 1) task ON (true));

CREATE TABLE beamloop.metrologies (
    metrology_id bigint NOT NULL,
    beamline text NOT NULL,
    detector text DEFAULT ''::text NOT NULL,
    distance_mm double precision NOT NULL,
    start_geometry_id bigint,
    work_sha256 beamloop.sha256 NOT NULL,
    repetition smallint NOT NULL,
    options jsonb NOT NULL,
    dials_version text NOT NULL,
    requested_by text NOT NULL,
    asked_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    state text DEFAULT 'waiting'::text NOT NULL,
    geometry_id bigint,
    code text,
    step text,
    sentence text DEFAULT ''::text NOT NULL,
    last_trouble text DEFAULT ''::text NOT NULL,
    end_noticed_at timestamp with time zone,
    CONSTRAINT metrologies_check CHECK (((state = 'waiting'::text) = (ended_at IS NULL))),
    CONSTRAINT metrologies_check1 CHECK (((state = 'failed'::text) = ((code IS NOT NULL) AND (step IS NOT NULL)))),
    CONSTRAINT metrologies_check2 CHECK (((state = 'waiting'::text) OR (sentence <> ''::text))),
    CONSTRAINT metrologies_check3 CHECK (((state <> 'candidate'::text) OR (geometry_id IS NOT NULL))),
    CONSTRAINT metrologies_distance_mm_check CHECK ((distance_mm > (0)::double precision)),
    CONSTRAINT metrologies_repetition_check CHECK ((repetition >= 0)),
    CONSTRAINT metrologies_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'candidate'::text, 'kept'::text, 'failed'::text])))
);

ALTER TABLE beamloop.metrologies ALTER COLUMN metrology_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.metrologies_metrology_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.metrology_artifacts (
    metrology_id bigint NOT NULL,
    step text NOT NULL,
    name text NOT NULL,
    key text NOT NULL,
    sha256 beamloop.sha256 NOT NULL,
    size_bytes bigint NOT NULL,
    artifact_id bigint NOT NULL,
    CONSTRAINT metrology_artifacts_size_bytes_check CHECK ((size_bytes >= 0))
);

ALTER TABLE beamloop.metrology_artifacts ALTER COLUMN artifact_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.metrology_artifacts_artifact_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.metrology_steps (
    metrology_id bigint NOT NULL,
    step text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    finding text NOT NULL,
    cpu_s double precision NOT NULL,
    peak_memory_bytes bigint NOT NULL,
    CONSTRAINT metrology_steps_check CHECK ((ended_at >= started_at)),
    CONSTRAINT metrology_steps_cpu_s_check CHECK ((cpu_s >= (0)::double precision)),
    CONSTRAINT metrology_steps_peak_memory_bytes_check CHECK ((peak_memory_bytes >= 0)),
    CONSTRAINT metrology_steps_step_check CHECK ((step = ANY (ARRAY['choose'::text, 'index'::text, 'refine'::text, 'evidence'::text, 'report'::text])))
);

CREATE TABLE beamloop.metrology_sweeps (
    metrology_id bigint NOT NULL,
    run_id bigint NOT NULL,
    content_sha256 beamloop.sha256 NOT NULL,
    indexed_count integer NOT NULL,
    distance_mm double precision NOT NULL,
    role text,
    why text DEFAULT ''::text NOT NULL,
    CONSTRAINT metrology_sweeps_check CHECK (((role IS NULL) OR (why <> ''::text))),
    CONSTRAINT metrology_sweeps_distance_mm_check CHECK ((distance_mm > (0)::double precision)),
    CONSTRAINT metrology_sweeps_indexed_count_check CHECK ((indexed_count >= 0)),
    CONSTRAINT metrology_sweeps_role_check CHECK ((role = ANY (ARRAY['refined'::text, 'held_out'::text])))
);

CREATE TABLE beamloop.metrology_takings (
    metrology_id bigint NOT NULL,
    dag_run_id text NOT NULL,
    map_index integer NOT NULL,
    taken_at timestamp with time zone DEFAULT now() NOT NULL,
    times integer DEFAULT 1 NOT NULL,
    CONSTRAINT metrology_takings_dag_run_id_check CHECK ((dag_run_id <> ''::text)),
    CONSTRAINT metrology_takings_map_index_check CHECK ((map_index >= 0)),
    CONSTRAINT metrology_takings_times_check CHECK ((times >= 1))
);

CREATE TABLE beamloop.notifications (
    notification_id bigint NOT NULL,
    event_key text NOT NULL,
    channel text NOT NULL,
    beamline text NOT NULL,
    collection_id bigint,
    airflow_connection text NOT NULL,
    addresses text[] NOT NULL,
    message jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone DEFAULT now() NOT NULL,
    last_trouble text DEFAULT ''::text NOT NULL,
    sent_at timestamp with time zone,
    CONSTRAINT notifications_channel_check CHECK ((channel = ANY (ARRAY['webhook'::text, 'email'::text]))),
    CONSTRAINT notifications_check CHECK (((state = 'sent'::text) = (sent_at IS NOT NULL))),
    CONSTRAINT notifications_event_key_check CHECK ((event_key ~ '^[A-Za-z0-9_.~:+-]+$'::text)),
    CONSTRAINT notifications_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'sent'::text, 'given_up'::text]))),
    CONSTRAINT notifications_tries_check CHECK ((tries >= 0))
);

ALTER TABLE beamloop.notifications ALTER COLUMN notification_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.notifications_notification_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.outcomes (
    run_id bigint NOT NULL,
    code text NOT NULL,
    step text NOT NULL,
    sentence text NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT outcomes_code_check CHECK ((code = ANY (ARRAY['processed'::text, 'no_spots'::text, 'too_few_spots'::text, 'no_lattice'::text, 'wrong_symmetry'::text, 'refinement_failed'::text, 'too_few_reflections'::text, 'integration_failed'::text, 'unreadable_images'::text, 'missing_images'::text, 'geometry_mismatch'::text, 'timed_out'::text, 'out_of_memory'::text, 'program_crashed'::text, 'artifact_damaged'::text, 'interrupted'::text, 'cancelled'::text])))
);

CREATE TABLE beamloop.program_starts (
    run_id bigint NOT NULL,
    step text NOT NULL,
    start_number smallint NOT NULL,
    argv text[] NOT NULL,
    program_end text NOT NULL,
    exit_code integer NOT NULL,
    missing_outputs text[] DEFAULT '{}'::text[] NOT NULL,
    started_at timestamp with time zone NOT NULL,
    wall_s double precision NOT NULL,
    cpu_s double precision NOT NULL,
    peak_memory_bytes bigint NOT NULL,
    folder text DEFAULT ''::text NOT NULL,
    CONSTRAINT program_starts_argv_check CHECK ((array_length(argv, 1) >= 1)),
    CONSTRAINT program_starts_cpu_s_check CHECK ((cpu_s >= (0)::double precision)),
    CONSTRAINT program_starts_peak_memory_bytes_check CHECK ((peak_memory_bytes >= 0)),
    CONSTRAINT program_starts_program_end_check CHECK ((program_end = ANY (ARRAY['exited'::text, 'timed_out'::text, 'out_of_memory'::text, 'cancelled'::text]))),
    CONSTRAINT program_starts_start_number_check CHECK ((start_number >= 1)),
    CONSTRAINT program_starts_wall_s_check CHECK ((wall_s >= (0)::double precision))
);

CREATE TABLE beamloop.report_artifacts (
    report_id bigint NOT NULL,
    name text NOT NULL,
    key text NOT NULL,
    sha256 beamloop.sha256 NOT NULL,
    size_bytes bigint NOT NULL,
    artifact_id bigint NOT NULL,
    CONSTRAINT report_artifacts_size_bytes_check CHECK ((size_bytes >= 0))
);

ALTER TABLE beamloop.report_artifacts ALTER COLUMN artifact_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.report_artifacts_artifact_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.report_findings (
    report_id bigint NOT NULL,
    finding_number smallint NOT NULL,
    expectation text NOT NULL,
    severity text NOT NULL,
    passed boolean NOT NULL,
    sentence text NOT NULL,
    statistics jsonb NOT NULL,
    sweeps text[] NOT NULL,
    CONSTRAINT report_findings_finding_number_check CHECK ((finding_number >= 1)),
    CONSTRAINT report_findings_severity_check CHECK ((severity = ANY (ARRAY['critical'::text, 'warning'::text])))
);

CREATE TABLE beamloop.report_groups (
    report_id bigint NOT NULL,
    group_id bigint NOT NULL,
    lcv_percent double precision NOT NULL,
    alcv_angstrom double precision NOT NULL,
    CONSTRAINT report_groups_alcv_angstrom_check CHECK ((alcv_angstrom >= (0)::double precision)),
    CONSTRAINT report_groups_lcv_percent_check CHECK ((lcv_percent >= (0)::double precision))
);

CREATE TABLE beamloop.report_members (
    report_id bigint NOT NULL,
    run_id bigint NOT NULL,
    crystal_number smallint NOT NULL,
    serial integer,
    standing text NOT NULL,
    space_group text NOT NULL,
    cell beamloop.unit_cell NOT NULL,
    common_cell beamloop.unit_cell,
    operator text,
    robust_z double precision,
    reason text NOT NULL,
    sentence text NOT NULL,
    decision_id bigint,
    CONSTRAINT report_members_check CHECK (((standing = ANY (ARRAY['excluded'::text, 'not_judged'::text])) = (serial IS NULL))),
    CONSTRAINT report_members_check1 CHECK ((((common_cell IS NULL) = (serial IS NULL)) AND ((operator IS NULL) = (serial IS NULL)))),
    CONSTRAINT report_members_crystal_number_check CHECK ((crystal_number >= 1)),
    CONSTRAINT report_members_serial_check CHECK ((serial >= 1)),
    CONSTRAINT report_members_standing_check CHECK ((standing = ANY (ARRAY['member'::text, 'outlier'::text, 'excluded'::text, 'not_judged'::text])))
);

CREATE TABLE beamloop.runs (
    run_id bigint NOT NULL,
    sweep_id bigint NOT NULL,
    request_id bigint NOT NULL,
    run_key beamloop.sha256 NOT NULL,
    repetition smallint DEFAULT 0 NOT NULL,
    parameters jsonb NOT NULL,
    dials_version text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    last_trouble text DEFAULT ''::text NOT NULL,
    reopened_at timestamp with time zone,
    second_chance_of bigint,
    stands boolean DEFAULT true NOT NULL,
    geometry_id bigint,
    CONSTRAINT runs_check CHECK (((ended_at IS NULL) OR (started_at IS NOT NULL))),
    CONSTRAINT runs_check1 CHECK ((second_chance_of < run_id)),
    CONSTRAINT runs_check2 CHECK ((stands OR (second_chance_of IS NOT NULL))),
    CONSTRAINT runs_repetition_check CHECK ((repetition >= 0))
);

CREATE VIEW beamloop.report_places AS
 SELECT m.report_id,
    r.sweep_id,
    array_agg(DISTINCT g.name) FILTER (WHERE (g.name IS NOT NULL)) AS groups,
    array_agg(DISTINCT gm.group_id) AS group_ids,
    array_agg(DISTINCT m.standing) AS standings
   FROM (((beamloop.report_members m
     JOIN beamloop.runs r USING (run_id))
     LEFT JOIN beamloop.group_members gm USING (report_id, run_id, crystal_number))
     LEFT JOIN beamloop.isomorphous_groups g USING (group_id))
  GROUP BY m.report_id, r.sweep_id;

CREATE TABLE beamloop.requests (
    request_id bigint NOT NULL,
    collection_id bigint NOT NULL,
    dag_run_id text NOT NULL,
    requested_by text NOT NULL,
    requested_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    finish_noticed_at timestamp with time zone,
    CONSTRAINT requests_dag_run_id_check CHECK ((dag_run_id ~ '^[A-Za-z0-9_.~:+-]+$'::text))
);

ALTER TABLE beamloop.requests ALTER COLUMN request_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.requests_request_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.rungs (
    run_id bigint NOT NULL,
    rung smallint NOT NULL,
    method text NOT NULL,
    reason text NOT NULL,
    accepted boolean NOT NULL,
    indexed_count integer NOT NULL,
    finding text NOT NULL,
    cpu_s double precision NOT NULL,
    CONSTRAINT rungs_cpu_s_check CHECK ((cpu_s >= (0)::double precision)),
    CONSTRAINT rungs_indexed_count_check CHECK ((indexed_count >= 0)),
    CONSTRAINT rungs_rung_check CHECK ((rung >= 1))
);

ALTER TABLE beamloop.runs ALTER COLUMN run_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.runs_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.samples_by_hand (
    directory text NOT NULL,
    space_group text,
    unit_cell beamloop.unit_cell,
    said_by text NOT NULL,
    said_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT samples_by_hand_check CHECK (((space_group IS NOT NULL) OR (unit_cell IS NOT NULL)))
);

CREATE TABLE beamloop.schema_migrations (
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE beamloop.spot_counts (
    run_id bigint NOT NULL,
    spot_count integer NOT NULL,
    spots_per_image integer[] NOT NULL,
    CONSTRAINT spot_counts_spot_count_check CHECK ((spot_count >= 0))
);

CREATE TABLE beamloop.sweeps (
    sweep_id bigint NOT NULL,
    collection_id bigint NOT NULL,
    name text NOT NULL,
    key_name beamloop.safe_name NOT NULL,
    prefix text NOT NULL,
    digits smallint NOT NULL,
    suffix text NOT NULL,
    image_first integer NOT NULL,
    image_last integer NOT NULL,
    missing_images integer[] DEFAULT '{}'::integer[] NOT NULL,
    content_sha256 beamloop.sha256 NOT NULL,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    last_changed_at timestamp with time zone DEFAULT now() NOT NULL,
    kind text DEFAULT 'numbered'::text NOT NULL,
    data_files text[] DEFAULT '{}'::text[] NOT NULL,
    collected_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT sweeps_check CHECK ((image_last >= image_first)),
    CONSTRAINT sweeps_digits_check CHECK (((digits >= 0) AND (digits <= 12))),
    CONSTRAINT sweeps_image_first_check CHECK ((image_first >= 0)),
    CONSTRAINT sweeps_kind_check CHECK ((kind = ANY (ARRAY['numbered'::text, 'master'::text]))),
    CONSTRAINT sweeps_kind_tells_digits CHECK (((kind = 'master'::text) = (digits = 0))),
    CONSTRAINT sweeps_only_masters_name_files CHECK (((kind = 'master'::text) OR (data_files = '{}'::text[])))
);

CREATE VIEW beamloop.standings_found AS
 SELECT s.sweep_id,
    s.collection_id,
    r.run_id,
    COALESCE(o.code,
        CASE
            WHEN (r.started_at IS NULL) THEN 'waiting'::text
            ELSE 'at_work'::text
        END) AS state,
    o.recorded_at AS ended_at
   FROM ((beamloop.sweeps s
     LEFT JOIN LATERAL ( SELECT runs.run_id,
            runs.started_at
           FROM beamloop.runs
          WHERE ((runs.sweep_id = s.sweep_id) AND runs.stands)
          ORDER BY runs.run_id DESC
         LIMIT 1) r ON (true))
     LEFT JOIN beamloop.outcomes o ON ((o.run_id = r.run_id)));

CREATE TABLE beamloop.steps (
    run_id bigint NOT NULL,
    step text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    finding text NOT NULL,
    CONSTRAINT steps_step_check CHECK ((step = ANY (ARRAY['import'::text, 'find_spots'::text, 'index'::text, 'refine'::text, 'integrate'::text, 'export'::text])))
);

CREATE TABLE beamloop.sweep_blocks (
    sweep_id bigint NOT NULL,
    block_number smallint NOT NULL,
    image_first integer NOT NULL,
    image_last integer NOT NULL,
    CONSTRAINT sweep_blocks_block_number_check CHECK ((block_number >= 1)),
    CONSTRAINT sweep_blocks_check CHECK ((image_last >= image_first))
);

CREATE TABLE beamloop.sweep_standings (
    sweep_id bigint NOT NULL,
    collection_id bigint NOT NULL,
    run_id bigint,
    state text DEFAULT 'waiting'::text NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT sweep_standings_check CHECK (((ended_at IS NULL) = (state = ANY (ARRAY['waiting'::text, 'at_work'::text]))))
)
WITH (fillfactor='70');

ALTER TABLE beamloop.sweeps ALTER COLUMN sweep_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME beamloop.sweeps_sweep_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE beamloop.watched_folders (
    beamline beamloop.safe_name NOT NULL,
    directory text NOT NULL,
    mtime_ns bigint NOT NULL,
    patterns text[] NOT NULL,
    first_seen_s double precision NOT NULL,
    changed_seen_s double precision NOT NULL,
    read_s double precision NOT NULL,
    settled boolean NOT NULL,
    emptiness_said boolean NOT NULL,
    subfolders text[] NOT NULL,
    sweeps jsonb NOT NULL,
    twins_said text[] DEFAULT '{}'::text[] NOT NULL
);

ALTER TABLE ONLY beamloop.adopted_files
    ADD CONSTRAINT adopted_files_pkey PRIMARY KEY (run_id, path);

ALTER TABLE ONLY beamloop.adoptions
    ADD CONSTRAINT adoptions_pkey PRIMARY KEY (run_id);

ALTER TABLE ONLY beamloop.artifacts
    ADD CONSTRAINT artifacts_artifact_id_key UNIQUE (artifact_id);

ALTER TABLE ONLY beamloop.artifacts
    ADD CONSTRAINT artifacts_key_key UNIQUE (key);

ALTER TABLE ONLY beamloop.artifacts
    ADD CONSTRAINT artifacts_pkey PRIMARY KEY (run_id, step, name);

ALTER TABLE ONLY beamloop.beamlines
    ADD CONSTRAINT beamlines_pkey PRIMARY KEY (beamline);

ALTER TABLE ONLY beamloop.collections
    ADD CONSTRAINT collections_beamline_directory_key UNIQUE (beamline, directory);

ALTER TABLE ONLY beamloop.collections
    ADD CONSTRAINT collections_beamline_key_name_key UNIQUE (beamline, key_name);

ALTER TABLE ONLY beamloop.collections
    ADD CONSTRAINT collections_pkey PRIMARY KEY (collection_id);

ALTER TABLE ONLY beamloop.crystals
    ADD CONSTRAINT crystals_pkey PRIMARY KEY (run_id, step, crystal_number);

ALTER TABLE ONLY beamloop.detector_words
    ADD CONSTRAINT detector_words_pkey PRIMARY KEY (word_id);

ALTER TABLE ONLY beamloop.detectors
    ADD CONSTRAINT detectors_beamline_identifier_key UNIQUE (beamline, identifier);

ALTER TABLE ONLY beamloop.detectors
    ADD CONSTRAINT detectors_detector_id_beamline_key UNIQUE (detector_id, beamline);

ALTER TABLE ONLY beamloop.detectors
    ADD CONSTRAINT detectors_pkey PRIMARY KEY (detector_id);

ALTER TABLE ONLY beamloop.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (event_id);

ALTER TABLE ONLY beamloop.failure_bursts
    ADD CONSTRAINT failure_bursts_pkey PRIMARY KEY (burst_id);

ALTER TABLE ONLY beamloop.geometry_decisions
    ADD CONSTRAINT geometry_decisions_pkey PRIMARY KEY (decision_id);

ALTER TABLE ONLY beamloop.geometry_questions
    ADD CONSTRAINT geometry_questions_pkey PRIMARY KEY (geometry_id);

ALTER TABLE ONLY beamloop.geometry_sources
    ADD CONSTRAINT geometry_sources_pkey PRIMARY KEY (geometry_id, run_id);

ALTER TABLE ONLY beamloop.geometry_versions
    ADD CONSTRAINT geometry_versions_models_key_key UNIQUE (models_key);

ALTER TABLE ONLY beamloop.geometry_versions
    ADD CONSTRAINT geometry_versions_pkey PRIMARY KEY (geometry_id);

ALTER TABLE ONLY beamloop.group_members
    ADD CONSTRAINT group_members_pkey PRIMARY KEY (report_id, run_id, crystal_number);

ALTER TABLE ONLY beamloop.integrations
    ADD CONSTRAINT integrations_pkey PRIMARY KEY (run_id);

ALTER TABLE ONLY beamloop.isomorphism_news
    ADD CONSTRAINT isomorphism_news_pkey PRIMARY KEY (collection_id);

ALTER TABLE ONLY beamloop.isomorphism_reports
    ADD CONSTRAINT isomorphism_reports_collection_id_membership_sha256_key UNIQUE (collection_id, membership_sha256);

ALTER TABLE ONLY beamloop.isomorphism_reports
    ADD CONSTRAINT isomorphism_reports_pkey PRIMARY KEY (report_id);

ALTER TABLE ONLY beamloop.isomorphous_groups
    ADD CONSTRAINT isomorphous_groups_collection_id_name_key UNIQUE (collection_id, name);

ALTER TABLE ONLY beamloop.isomorphous_groups
    ADD CONSTRAINT isomorphous_groups_pkey PRIMARY KEY (group_id);

ALTER TABLE ONLY beamloop.joint_artifacts
    ADD CONSTRAINT joint_artifacts_artifact_id_key UNIQUE (artifact_id);

ALTER TABLE ONLY beamloop.joint_artifacts
    ADD CONSTRAINT joint_artifacts_key_key UNIQUE (key);

ALTER TABLE ONLY beamloop.joint_artifacts
    ADD CONSTRAINT joint_artifacts_pkey PRIMARY KEY (joint_id, step, name);

ALTER TABLE ONLY beamloop.joint_crystals
    ADD CONSTRAINT joint_crystals_pkey PRIMARY KEY (joint_id, run_id, crystal_number, moment);

ALTER TABLE ONLY beamloop.joint_figures
    ADD CONSTRAINT joint_figures_pkey PRIMARY KEY (joint_id, moment);

ALTER TABLE ONLY beamloop.joint_members
    ADD CONSTRAINT joint_members_pkey PRIMARY KEY (joint_id, run_id, crystal_number);

ALTER TABLE ONLY beamloop.joint_refinements
    ADD CONSTRAINT joint_refinements_group_id_work_sha256_repetition_key UNIQUE (group_id, work_sha256, repetition);

ALTER TABLE ONLY beamloop.joint_refinements
    ADD CONSTRAINT joint_refinements_pkey PRIMARY KEY (joint_id);

ALTER TABLE ONLY beamloop.joint_steps
    ADD CONSTRAINT joint_steps_pkey PRIMARY KEY (joint_id, step);

ALTER TABLE ONLY beamloop.joint_tasks
    ADD CONSTRAINT joint_tasks_pkey PRIMARY KEY (dag_run_id, map_index);

ALTER TABLE ONLY beamloop.joint_words
    ADD CONSTRAINT joint_words_pkey PRIMARY KEY (joint_id);

ALTER TABLE ONLY beamloop.limit_decisions
    ADD CONSTRAINT limit_decisions_pkey PRIMARY KEY (decision_id);

ALTER TABLE ONLY beamloop.member_decisions
    ADD CONSTRAINT member_decisions_pkey PRIMARY KEY (decision_id);

ALTER TABLE ONLY beamloop.merge_artifacts
    ADD CONSTRAINT merge_artifacts_artifact_id_key UNIQUE (artifact_id);

ALTER TABLE ONLY beamloop.merge_artifacts
    ADD CONSTRAINT merge_artifacts_key_key UNIQUE (key);

ALTER TABLE ONLY beamloop.merge_artifacts
    ADD CONSTRAINT merge_artifacts_pkey PRIMARY KEY (merge_id, name);

ALTER TABLE ONLY beamloop.merge_members
    ADD CONSTRAINT merge_members_pkey PRIMARY KEY (merge_id, run_id, crystal_number);

ALTER TABLE ONLY beamloop.merge_shells
    ADD CONSTRAINT merge_shells_pkey PRIMARY KEY (merge_id, shell);

ALTER TABLE ONLY beamloop.merge_tasks
    ADD CONSTRAINT merge_tasks_pkey PRIMARY KEY (dag_run_id, map_index);

ALTER TABLE ONLY beamloop.merges
    ADD CONSTRAINT merges_pkey PRIMARY KEY (merge_id);

ALTER TABLE ONLY beamloop.metrologies
    ADD CONSTRAINT metrologies_beamline_work_sha256_repetition_key UNIQUE (beamline, work_sha256, repetition);

ALTER TABLE ONLY beamloop.metrologies
    ADD CONSTRAINT metrologies_pkey PRIMARY KEY (metrology_id);

ALTER TABLE ONLY beamloop.metrology_artifacts
    ADD CONSTRAINT metrology_artifacts_artifact_id_key UNIQUE (artifact_id);

ALTER TABLE ONLY beamloop.metrology_artifacts
    ADD CONSTRAINT metrology_artifacts_key_key UNIQUE (key);

ALTER TABLE ONLY beamloop.metrology_artifacts
    ADD CONSTRAINT metrology_artifacts_pkey PRIMARY KEY (metrology_id, step, name);

ALTER TABLE ONLY beamloop.metrology_steps
    ADD CONSTRAINT metrology_steps_pkey PRIMARY KEY (metrology_id, step);

ALTER TABLE ONLY beamloop.metrology_sweeps
    ADD CONSTRAINT metrology_sweeps_pkey PRIMARY KEY (metrology_id, run_id);

ALTER TABLE ONLY beamloop.metrology_takings
    ADD CONSTRAINT metrology_takings_pkey PRIMARY KEY (metrology_id);

ALTER TABLE ONLY beamloop.notifications
    ADD CONSTRAINT notifications_event_key_channel_key UNIQUE (event_key, channel);

ALTER TABLE ONLY beamloop.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (notification_id);

ALTER TABLE ONLY beamloop.geometry_versions
    ADD CONSTRAINT one_geometry_in_force EXCLUDE USING gist (beamline WITH =, validity WITH &&) WHERE ((state = ANY (ARRAY['in_force'::text, 'superseded'::text])));

ALTER TABLE ONLY beamloop.outcomes
    ADD CONSTRAINT outcomes_pkey PRIMARY KEY (run_id);

ALTER TABLE ONLY beamloop.program_starts
    ADD CONSTRAINT program_starts_pkey PRIMARY KEY (run_id, step, start_number);

ALTER TABLE ONLY beamloop.report_artifacts
    ADD CONSTRAINT report_artifacts_artifact_id_key UNIQUE (artifact_id);

ALTER TABLE ONLY beamloop.report_artifacts
    ADD CONSTRAINT report_artifacts_key_key UNIQUE (key);

ALTER TABLE ONLY beamloop.report_artifacts
    ADD CONSTRAINT report_artifacts_pkey PRIMARY KEY (report_id, name);

ALTER TABLE ONLY beamloop.report_findings
    ADD CONSTRAINT report_findings_pkey PRIMARY KEY (report_id, finding_number);

ALTER TABLE ONLY beamloop.report_groups
    ADD CONSTRAINT report_groups_pkey PRIMARY KEY (report_id, group_id);

ALTER TABLE ONLY beamloop.report_members
    ADD CONSTRAINT report_members_pkey PRIMARY KEY (report_id, run_id, crystal_number);

ALTER TABLE ONLY beamloop.report_members
    ADD CONSTRAINT report_members_report_id_serial_key UNIQUE (report_id, serial);

ALTER TABLE ONLY beamloop.requests
    ADD CONSTRAINT requests_dag_run_id_key UNIQUE (dag_run_id);

ALTER TABLE ONLY beamloop.requests
    ADD CONSTRAINT requests_pkey PRIMARY KEY (request_id);

ALTER TABLE ONLY beamloop.rungs
    ADD CONSTRAINT rungs_pkey PRIMARY KEY (run_id, rung);

ALTER TABLE ONLY beamloop.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (run_id);

ALTER TABLE ONLY beamloop.runs
    ADD CONSTRAINT runs_run_key_repetition_key UNIQUE (run_key, repetition);

ALTER TABLE ONLY beamloop.runs
    ADD CONSTRAINT runs_second_chance_of_key UNIQUE (second_chance_of);

ALTER TABLE ONLY beamloop.samples_by_hand
    ADD CONSTRAINT samples_by_hand_pkey PRIMARY KEY (directory);

ALTER TABLE ONLY beamloop.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (name);

ALTER TABLE ONLY beamloop.spot_counts
    ADD CONSTRAINT spot_counts_pkey PRIMARY KEY (run_id);

ALTER TABLE ONLY beamloop.steps
    ADD CONSTRAINT steps_pkey PRIMARY KEY (run_id, step);

ALTER TABLE ONLY beamloop.sweep_blocks
    ADD CONSTRAINT sweep_blocks_pkey PRIMARY KEY (sweep_id, block_number);

ALTER TABLE ONLY beamloop.sweep_standings
    ADD CONSTRAINT sweep_standings_pkey PRIMARY KEY (sweep_id);

ALTER TABLE ONLY beamloop.sweeps
    ADD CONSTRAINT sweeps_collection_id_key_name_key UNIQUE (collection_id, key_name);

ALTER TABLE ONLY beamloop.sweeps
    ADD CONSTRAINT sweeps_collection_id_prefix_digits_suffix_key UNIQUE (collection_id, prefix, digits, suffix);

ALTER TABLE ONLY beamloop.sweeps
    ADD CONSTRAINT sweeps_pkey PRIMARY KEY (sweep_id);

ALTER TABLE ONLY beamloop.watched_folders
    ADD CONSTRAINT watched_folders_pkey PRIMARY KEY (beamline, directory);

CREATE INDEX detector_words_of_time ON beamloop.detector_words USING btree (detector_id, serviced_at, word_id DESC);

CREATE INDEX events_in_time ON beamloop.events USING btree (happened_at);

CREATE INDEX failure_bursts_by_cause ON beamloop.failure_bursts USING btree (beamline, code, cause, last_failure_at);

CREATE INDEX geometry_decisions_of_version ON beamloop.geometry_decisions USING btree (geometry_id);

CREATE INDEX geometry_sources_of_run ON beamloop.geometry_sources USING btree (run_id);

CREATE INDEX geometry_versions_drift_not_noticed ON beamloop.geometry_versions USING btree (beamline) WHERE (drift_noticed_at IS NULL);

CREATE INDEX group_members_of_group ON beamloop.group_members USING btree (report_id, group_id);

CREATE INDEX isomorphism_news_waiting ON beamloop.isomorphism_news USING btree (collection_id) WHERE (taken_up < changes);

CREATE INDEX joint_members_of_run ON beamloop.joint_members USING btree (run_id);

CREATE INDEX joint_refinements_waiting ON beamloop.joint_refinements USING btree (joint_id) WHERE (state = 'waiting'::text);

CREATE INDEX joint_tasks_of_joint ON beamloop.joint_tasks USING btree (joint_id);

CREATE INDEX joints_of_group ON beamloop.joint_refinements USING btree (group_id, joint_id);

CREATE INDEX limit_decisions_of_collection ON beamloop.limit_decisions USING btree (collection_id);

CREATE INDEX member_decisions_of_sweep ON beamloop.member_decisions USING btree (sweep_id);

CREATE INDEX merge_members_of_run ON beamloop.merge_members USING btree (run_id);

CREATE INDEX merge_tasks_of_merge ON beamloop.merge_tasks USING btree (merge_id);

CREATE INDEX merges_of_group ON beamloop.merges USING btree (group_id, merge_id);

CREATE UNIQUE INDEX merges_once ON beamloop.merges USING btree (group_id, work_sha256) WHERE (state <> 'failed'::text);

CREATE INDEX metrologies_end_not_noticed ON beamloop.metrologies USING btree (beamline) WHERE (end_noticed_at IS NULL);

CREATE INDEX metrologies_of_geometry ON beamloop.metrologies USING btree (geometry_id) WHERE (geometry_id IS NOT NULL);

CREATE INDEX metrologies_waiting ON beamloop.metrologies USING btree (metrology_id) WHERE (state = 'waiting'::text);

CREATE INDEX metrology_sweeps_of_run ON beamloop.metrology_sweeps USING btree (run_id);

CREATE INDEX notifications_unsent ON beamloop.notifications USING btree (created_at) WHERE (state <> 'sent'::text);

CREATE INDEX notifications_waiting ON beamloop.notifications USING btree (next_try_at) WHERE (state = 'waiting'::text);

CREATE INDEX outcomes_by_code ON beamloop.outcomes USING btree (code, recorded_at);

CREATE INDEX outcomes_in_time ON beamloop.outcomes USING btree (recorded_at);

CREATE INDEX report_groups_of_group ON beamloop.report_groups USING btree (group_id, report_id);

CREATE INDEX requests_finish_unnoticed ON beamloop.requests USING btree (collection_id) WHERE ((ended_at IS NOT NULL) AND (finish_noticed_at IS NULL));

CREATE INDEX requests_in_time ON beamloop.requests USING btree (requested_at);

CREATE INDEX requests_open ON beamloop.requests USING btree (requested_at) WHERE (ended_at IS NULL);

CREATE INDEX requests_waiting ON beamloop.requests USING btree (requested_at) WHERE (started_at IS NULL);

CREATE INDEX requests_watched ON beamloop.requests USING btree (requested_at) WHERE (requested_by = 'watch'::text);

CREATE INDEX runs_of_request ON beamloop.runs USING btree (request_id);

CREATE INDEX runs_of_sweep ON beamloop.runs USING btree (sweep_id);

CREATE INDEX runs_open ON beamloop.runs USING btree (request_id) WHERE (ended_at IS NULL);

CREATE INDEX runs_standing ON beamloop.runs USING btree (sweep_id, run_id DESC) WHERE stands;

CREATE INDEX runs_with_geometry ON beamloop.runs USING btree (geometry_id) WHERE (geometry_id IS NOT NULL);

CREATE INDEX sweep_standings_failed ON beamloop.sweep_standings USING btree (ended_at, run_id) WHERE ((state <> ALL (ARRAY['processed'::text, 'cancelled'::text])) AND (ended_at IS NOT NULL));

CREATE INDEX sweep_standings_in_time ON beamloop.sweep_standings USING btree (ended_at) INCLUDE (collection_id, state) WHERE (ended_at IS NOT NULL);

CREATE INDEX sweep_standings_of_collection ON beamloop.sweep_standings USING btree (collection_id, state) INCLUDE (ended_at);

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON beamloop.limit_decisions FOR EACH ROW EXECUTE FUNCTION beamloop.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON beamloop.member_decisions FOR EACH ROW EXECUTE FUNCTION beamloop.refuse_change();

CREATE TRIGGER decision_is_news AFTER INSERT ON beamloop.limit_decisions FOR EACH ROW EXECUTE FUNCTION beamloop.limit_decision_is_news();

CREATE TRIGGER decision_is_news AFTER INSERT ON beamloop.member_decisions FOR EACH ROW EXECUTE FUNCTION beamloop.member_decision_is_news();

CREATE TRIGGER only_added BEFORE DELETE OR UPDATE ON beamloop.detector_words FOR EACH ROW EXECUTE FUNCTION beamloop.refuse_change();

CREATE TRIGGER only_added BEFORE DELETE OR UPDATE ON beamloop.geometry_decisions FOR EACH ROW EXECUTE FUNCTION beamloop.refuse_change();

CREATE TRIGGER processed_is_news AFTER INSERT OR UPDATE ON beamloop.outcomes FOR EACH ROW WHEN ((new.code = 'processed'::text)) EXECUTE FUNCTION beamloop.outcome_is_news();

CREATE TRIGGER standing_begins AFTER INSERT ON beamloop.sweeps REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION beamloop.sweeps_stand();

CREATE TRIGGER standing_changes AFTER INSERT ON beamloop.outcomes REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION beamloop.added_outcomes_stand();

CREATE TRIGGER standing_changes AFTER INSERT ON beamloop.runs REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION beamloop.added_runs_stand();

CREATE TRIGGER standing_changes_on_update AFTER DELETE OR UPDATE ON beamloop.outcomes FOR EACH ROW EXECUTE FUNCTION beamloop.outcome_stands();

CREATE TRIGGER standing_changes_on_update AFTER UPDATE OF started_at, stands ON beamloop.runs FOR EACH ROW WHEN (((new.started_at IS DISTINCT FROM old.started_at) OR (new.stands <> old.stands))) EXECUTE FUNCTION beamloop.run_stands();

ALTER TABLE ONLY beamloop.adopted_files
    ADD CONSTRAINT adopted_files_run_id_fkey FOREIGN KEY (run_id) REFERENCES beamloop.adoptions(run_id) ON DELETE CASCADE;

ALTER TABLE ONLY beamloop.adoptions
    ADD CONSTRAINT adoptions_run_id_fkey FOREIGN KEY (run_id) REFERENCES beamloop.runs(run_id);

ALTER TABLE ONLY beamloop.artifacts
    ADD CONSTRAINT artifacts_run_id_fkey FOREIGN KEY (run_id) REFERENCES beamloop.runs(run_id);

ALTER TABLE ONLY beamloop.collections
    ADD CONSTRAINT collections_beamline_fkey FOREIGN KEY (beamline) REFERENCES beamloop.beamlines(beamline);

ALTER TABLE ONLY beamloop.crystals
    ADD CONSTRAINT crystals_run_id_fkey FOREIGN KEY (run_id) REFERENCES beamloop.runs(run_id);

ALTER TABLE ONLY beamloop.detector_words
    ADD CONSTRAINT detector_words_detector_id_fkey FOREIGN KEY (detector_id) REFERENCES beamloop.detectors(detector_id);

ALTER TABLE ONLY beamloop.detectors
    ADD CONSTRAINT detectors_beamline_fkey FOREIGN KEY (beamline) REFERENCES beamloop.beamlines(beamline);

ALTER TABLE ONLY beamloop.events
    ADD CONSTRAINT events_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES beamloop.collections(collection_id);

ALTER TABLE ONLY beamloop.events
    ADD CONSTRAINT events_run_id_fkey FOREIGN KEY (run_id) REFERENCES beamloop.runs(run_id);

ALTER TABLE ONLY beamloop.failure_bursts
    ADD CONSTRAINT failure_bursts_beamline_fkey FOREIGN KEY (beamline) REFERENCES beamloop.beamlines(beamline);

ALTER TABLE ONLY beamloop.geometry_decisions
    ADD CONSTRAINT geometry_decisions_geometry_id_fkey FOREIGN KEY (geometry_id) REFERENCES beamloop.geometry_versions(geometry_id);

ALTER TABLE ONLY beamloop.geometry_questions
    ADD CONSTRAINT geometry_questions_geometry_id_fkey FOREIGN KEY (geometry_id) REFERENCES beamloop.geometry_versions(geometry_id);

ALTER TABLE ONLY beamloop.geometry_sources
    ADD CONSTRAINT geometry_sources_geometry_id_fkey FOREIGN KEY (geometry_id) REFERENCES beamloop.geometry_versions(geometry_id);

ALTER TABLE ONLY beamloop.geometry_sources
    ADD CONSTRAINT geometry_sources_run_id_fkey FOREIGN KEY (run_id) REFERENCES beamloop.runs(run_id);

ALTER TABLE ONLY beamloop.geometry_versions
    ADD CONSTRAINT geometry_versions_detector_id_beamline_fkey FOREIGN KEY (detector_id, beamline) REFERENCES beamloop.detectors(detector_id, beamline);

ALTER TABLE ONLY beamloop.group_members
    ADD CONSTRAINT group_members_report_id_group_id_fkey FOREIGN KEY (report_id, group_id) REFERENCES beamloop.report_groups(report_id, group_id);

ALTER TABLE ONLY beamloop.group_members
    ADD CONSTRAINT group_members_report_id_run_id_crystal_number_fkey FOREIGN KEY (report_id, run_id, crystal_number) REFERENCES beamloop.report_members(report_id, run_id, crystal_number);

ALTER TABLE ONLY beamloop.integrations
    ADD CONSTRAINT integrations_run_id_fkey FOREIGN KEY (run_id) REFERENCES beamloop.runs(run_id);

ALTER TABLE ONLY beamloop.isomorphism_news
    ADD CONSTRAINT isomorphism_news_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES beamloop.collections(collection_id);

ALTER TABLE ONLY beamloop.isomorphism_reports
    ADD CONSTRAINT isomorphism_reports_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES beamloop.collections(collection_id);

ALTER TABLE ONLY beamloop.isomorphous_groups
    ADD CONSTRAINT isomorphous_groups_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES beamloop.collections(collection_id);

ALTER TABLE ONLY beamloop.joint_artifacts
    ADD CONSTRAINT joint_artifacts_joint_id_step_fkey FOREIGN KEY (joint_id, step) REFERENCES beamloop.joint_steps(joint_id, step);

ALTER TABLE ONLY beamloop.joint_crystals
    ADD CONSTRAINT joint_crystals_joint_id_run_id_crystal_number_fkey FOREIGN KEY (joint_id, run_id, crystal_number) REFERENCES beamloop.joint_members(joint_id, run_id, crystal_number);

ALTER TABLE ONLY beamloop.joint_figures
    ADD CONSTRAINT joint_figures_joint_id_fkey FOREIGN KEY (joint_id) REFERENCES beamloop.joint_refinements(joint_id);

ALTER TABLE ONLY beamloop.joint_members
    ADD CONSTRAINT joint_members_joint_id_fkey FOREIGN KEY (joint_id) REFERENCES beamloop.joint_refinements(joint_id);

ALTER TABLE ONLY beamloop.joint_members
    ADD CONSTRAINT joint_members_run_id_fkey FOREIGN KEY (run_id) REFERENCES beamloop.runs(run_id);

ALTER TABLE ONLY beamloop.joint_refinements
    ADD CONSTRAINT joint_refinements_group_id_fkey FOREIGN KEY (group_id) REFERENCES beamloop.isomorphous_groups(group_id);

ALTER TABLE ONLY beamloop.joint_refinements
    ADD CONSTRAINT joint_refinements_report_id_fkey FOREIGN KEY (report_id) REFERENCES beamloop.isomorphism_reports(report_id);

ALTER TABLE ONLY beamloop.joint_steps
    ADD CONSTRAINT joint_steps_joint_id_fkey FOREIGN KEY (joint_id) REFERENCES beamloop.joint_refinements(joint_id);

ALTER TABLE ONLY beamloop.joint_tasks
    ADD CONSTRAINT joint_tasks_joint_id_fkey FOREIGN KEY (joint_id) REFERENCES beamloop.joint_refinements(joint_id);

ALTER TABLE ONLY beamloop.joint_words
    ADD CONSTRAINT joint_words_joint_id_fkey FOREIGN KEY (joint_id) REFERENCES beamloop.joint_refinements(joint_id);

ALTER TABLE ONLY beamloop.limit_decisions
    ADD CONSTRAINT limit_decisions_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES beamloop.collections(collection_id);

ALTER TABLE ONLY beamloop.member_decisions
    ADD CONSTRAINT member_decisions_group_id_fkey FOREIGN KEY (group_id) REFERENCES beamloop.isomorphous_groups(group_id);

ALTER TABLE ONLY beamloop.member_decisions
    ADD CONSTRAINT member_decisions_run_id_fkey FOREIGN KEY (run_id) REFERENCES beamloop.runs(run_id);

ALTER TABLE ONLY beamloop.member_decisions
    ADD CONSTRAINT member_decisions_sweep_id_fkey FOREIGN KEY (sweep_id) REFERENCES beamloop.sweeps(sweep_id);

ALTER TABLE ONLY beamloop.merge_artifacts
    ADD CONSTRAINT merge_artifacts_merge_id_fkey FOREIGN KEY (merge_id) REFERENCES beamloop.merges(merge_id);

ALTER TABLE ONLY beamloop.merge_members
    ADD CONSTRAINT merge_members_merge_id_fkey FOREIGN KEY (merge_id) REFERENCES beamloop.merges(merge_id);

ALTER TABLE ONLY beamloop.merge_members
    ADD CONSTRAINT merge_members_run_id_fkey FOREIGN KEY (run_id) REFERENCES beamloop.runs(run_id);

ALTER TABLE ONLY beamloop.merge_shells
    ADD CONSTRAINT merge_shells_merge_id_fkey FOREIGN KEY (merge_id) REFERENCES beamloop.merges(merge_id);

ALTER TABLE ONLY beamloop.merge_tasks
    ADD CONSTRAINT merge_tasks_merge_id_fkey FOREIGN KEY (merge_id) REFERENCES beamloop.merges(merge_id);

ALTER TABLE ONLY beamloop.merges
    ADD CONSTRAINT merges_group_id_fkey FOREIGN KEY (group_id) REFERENCES beamloop.isomorphous_groups(group_id);

ALTER TABLE ONLY beamloop.merges
    ADD CONSTRAINT merges_report_id_fkey FOREIGN KEY (report_id) REFERENCES beamloop.isomorphism_reports(report_id);

ALTER TABLE ONLY beamloop.metrologies
    ADD CONSTRAINT metrologies_beamline_fkey FOREIGN KEY (beamline) REFERENCES beamloop.beamlines(beamline);

ALTER TABLE ONLY beamloop.metrologies
    ADD CONSTRAINT metrologies_geometry_id_fkey FOREIGN KEY (geometry_id) REFERENCES beamloop.geometry_versions(geometry_id);

ALTER TABLE ONLY beamloop.metrologies
    ADD CONSTRAINT metrologies_start_geometry_id_fkey FOREIGN KEY (start_geometry_id) REFERENCES beamloop.geometry_versions(geometry_id);

ALTER TABLE ONLY beamloop.metrology_artifacts
    ADD CONSTRAINT metrology_artifacts_metrology_id_step_fkey FOREIGN KEY (metrology_id, step) REFERENCES beamloop.metrology_steps(metrology_id, step);

ALTER TABLE ONLY beamloop.metrology_steps
    ADD CONSTRAINT metrology_steps_metrology_id_fkey FOREIGN KEY (metrology_id) REFERENCES beamloop.metrologies(metrology_id);

ALTER TABLE ONLY beamloop.metrology_sweeps
    ADD CONSTRAINT metrology_sweeps_metrology_id_fkey FOREIGN KEY (metrology_id) REFERENCES beamloop.metrologies(metrology_id);

ALTER TABLE ONLY beamloop.metrology_sweeps
    ADD CONSTRAINT metrology_sweeps_run_id_fkey FOREIGN KEY (run_id) REFERENCES beamloop.runs(run_id);

ALTER TABLE ONLY beamloop.metrology_takings
    ADD CONSTRAINT metrology_takings_metrology_id_fkey FOREIGN KEY (metrology_id) REFERENCES beamloop.metrologies(metrology_id);

ALTER TABLE ONLY beamloop.notifications
    ADD CONSTRAINT notifications_beamline_fkey FOREIGN KEY (beamline) REFERENCES beamloop.beamlines(beamline);

ALTER TABLE ONLY beamloop.notifications
    ADD CONSTRAINT notifications_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES beamloop.collections(collection_id);

ALTER TABLE ONLY beamloop.outcomes
    ADD CONSTRAINT outcomes_run_id_fkey FOREIGN KEY (run_id) REFERENCES beamloop.runs(run_id);

ALTER TABLE ONLY beamloop.program_starts
    ADD CONSTRAINT program_starts_run_id_step_fkey FOREIGN KEY (run_id, step) REFERENCES beamloop.steps(run_id, step) ON DELETE CASCADE;

ALTER TABLE ONLY beamloop.report_artifacts
    ADD CONSTRAINT report_artifacts_report_id_fkey FOREIGN KEY (report_id) REFERENCES beamloop.isomorphism_reports(report_id);

ALTER TABLE ONLY beamloop.report_findings
    ADD CONSTRAINT report_findings_report_id_fkey FOREIGN KEY (report_id) REFERENCES beamloop.isomorphism_reports(report_id);

ALTER TABLE ONLY beamloop.report_groups
    ADD CONSTRAINT report_groups_group_id_fkey FOREIGN KEY (group_id) REFERENCES beamloop.isomorphous_groups(group_id);

ALTER TABLE ONLY beamloop.report_groups
    ADD CONSTRAINT report_groups_report_id_fkey FOREIGN KEY (report_id) REFERENCES beamloop.isomorphism_reports(report_id);

ALTER TABLE ONLY beamloop.report_members
    ADD CONSTRAINT report_members_decision_id_fkey FOREIGN KEY (decision_id) REFERENCES beamloop.member_decisions(decision_id);

ALTER TABLE ONLY beamloop.report_members
    ADD CONSTRAINT report_members_report_id_fkey FOREIGN KEY (report_id) REFERENCES beamloop.isomorphism_reports(report_id);

ALTER TABLE ONLY beamloop.report_members
    ADD CONSTRAINT report_members_run_id_fkey FOREIGN KEY (run_id) REFERENCES beamloop.runs(run_id);

ALTER TABLE ONLY beamloop.requests
    ADD CONSTRAINT requests_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES beamloop.collections(collection_id);

ALTER TABLE ONLY beamloop.rungs
    ADD CONSTRAINT rungs_run_id_fkey FOREIGN KEY (run_id) REFERENCES beamloop.runs(run_id);

ALTER TABLE ONLY beamloop.runs
    ADD CONSTRAINT runs_geometry_id_fkey FOREIGN KEY (geometry_id) REFERENCES beamloop.geometry_versions(geometry_id);

ALTER TABLE ONLY beamloop.runs
    ADD CONSTRAINT runs_request_id_fkey FOREIGN KEY (request_id) REFERENCES beamloop.requests(request_id);

ALTER TABLE ONLY beamloop.runs
    ADD CONSTRAINT runs_second_chance_of_fkey FOREIGN KEY (second_chance_of) REFERENCES beamloop.runs(run_id);

ALTER TABLE ONLY beamloop.runs
    ADD CONSTRAINT runs_sweep_id_fkey FOREIGN KEY (sweep_id) REFERENCES beamloop.sweeps(sweep_id);

ALTER TABLE ONLY beamloop.spot_counts
    ADD CONSTRAINT spot_counts_run_id_fkey FOREIGN KEY (run_id) REFERENCES beamloop.runs(run_id);

ALTER TABLE ONLY beamloop.steps
    ADD CONSTRAINT steps_run_id_fkey FOREIGN KEY (run_id) REFERENCES beamloop.runs(run_id);

ALTER TABLE ONLY beamloop.sweep_blocks
    ADD CONSTRAINT sweep_blocks_sweep_id_fkey FOREIGN KEY (sweep_id) REFERENCES beamloop.sweeps(sweep_id) ON DELETE CASCADE;

ALTER TABLE ONLY beamloop.sweep_standings
    ADD CONSTRAINT sweep_standings_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES beamloop.collections(collection_id);

ALTER TABLE ONLY beamloop.sweep_standings
    ADD CONSTRAINT sweep_standings_run_id_fkey FOREIGN KEY (run_id) REFERENCES beamloop.runs(run_id);

ALTER TABLE ONLY beamloop.sweep_standings
    ADD CONSTRAINT sweep_standings_sweep_id_fkey FOREIGN KEY (sweep_id) REFERENCES beamloop.sweeps(sweep_id) ON DELETE CASCADE;

ALTER TABLE ONLY beamloop.sweeps
    ADD CONSTRAINT sweeps_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES beamloop.collections(collection_id);
