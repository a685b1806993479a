-- name: note_taken_up(metrology_id, dag_run_id, map_index)!
-- Which of Airflow's runs works on a metrology; the same run counts once, however often it says so.
INSERT INTO beamloop.metrology_takings AS known (metrology_id, dag_run_id, map_index)
VALUES (:metrology_id, :dag_run_id, :map_index)
ON CONFLICT (metrology_id) DO UPDATE SET
    times = known.times + (known.dag_run_id <> excluded.dag_run_id)::integer,
    taken_at = CASE WHEN known.dag_run_id = excluded.dag_run_id THEN known.taken_at ELSE now() END,
    dag_run_id = excluded.dag_run_id,
    map_index = excluded.map_index;

-- name: dag_run_of_metrology(metrology_id)$
-- Airflow's run that works on a metrology.
SELECT dag_run_id FROM beamloop.metrology_takings WHERE metrology_id = :metrology_id;

-- name: undecided_candidates(first_wait_s, longest_wait_s, longest_question_s)
-- Candidates that somebody should be asked about, with the run that should ask, not looked at too soon after that
-- run began; the newest metrology of each. Left out are those whose time has passed, and those that a version made
-- later has made needless.
SELECT DISTINCT ON (m.geometry_id) m.metrology_id, m.geometry_id, t.dag_run_id, t.map_index, t.times
FROM beamloop.metrologies m
JOIN beamloop.geometry_versions g USING (geometry_id)
JOIN beamloop.metrology_takings t USING (metrology_id)
LEFT JOIN beamloop.geometry_questions q USING (geometry_id)
WHERE m.state = 'candidate' AND g.state = 'candidate'
  AND coalesce(q.until, m.ended_at + make_interval(secs => :longest_question_s)) > now()
  AND t.taken_at <= now() - make_interval(secs =>
        least(:longest_wait_s, :first_wait_s * power(2.0::double precision, least(t.times - 1, 20))))
  AND NOT EXISTS (SELECT FROM beamloop.geometry_versions newer
                  WHERE newer.detector_id = g.detector_id AND newer.geometry_id > g.geometry_id
                    AND newer.state = 'in_force')
ORDER BY m.geometry_id, m.metrology_id DESC;

-- name: put_question(geometry_id, wait_s, approvers)$
-- A question is put once, however often it is asked; one whose time has passed begins anew. Its end comes back.
INSERT INTO beamloop.geometry_questions AS known (geometry_id, until, approvers)
VALUES (:geometry_id, now() + make_interval(secs => :wait_s), :approvers)
ON CONFLICT (geometry_id) DO UPDATE SET
    approvers = excluded.approvers,
    asked_at = CASE WHEN known.until > now() THEN known.asked_at ELSE now() END,
    until = CASE WHEN known.until > now() THEN known.until ELSE excluded.until END,
    notice_at = CASE WHEN known.until > now() THEN known.notice_at ELSE now() END
RETURNING until;

-- name: open_question(geometry_id)^
-- The question about a candidate, while somebody may answer it.
SELECT geometry_id, asked_at, until, approvers, notice_count
FROM beamloop.geometry_questions JOIN beamloop.geometry_versions g USING (geometry_id)
WHERE geometry_id = :geometry_id AND g.state = 'candidate' AND until > now();

-- name: questions_to_think_over(beamline)
-- Questions of a beamline of which somebody may have to be told, the oldest first.
SELECT q.geometry_id, q.asked_at, q.until, q.approvers, q.notice_count
FROM beamloop.geometry_questions q JOIN beamloop.geometry_versions g USING (geometry_id)
WHERE g.beamline = :beamline AND g.state = 'candidate' AND q.until > now() AND q.notice_at <= now()
ORDER BY q.geometry_id;

-- name: put_off_question(geometry_id, next_s, told)!
-- Think a question over again after a while.
UPDATE beamloop.geometry_questions
SET notice_at = now() + make_interval(secs => :next_s), notice_count = notice_count + (:told)::integer
WHERE geometry_id = :geometry_id;

-- name: let_questions_pass(beamlines, next_s)!
-- Nobody of other beamlines wants to hear of questions for the moment.
UPDATE beamloop.geometry_questions q SET notice_at = now() + make_interval(secs => :next_s)
FROM beamloop.geometry_versions g
WHERE g.geometry_id = q.geometry_id AND q.notice_at <= now() AND g.beamline <> ALL (:beamlines);

-- name: metrology_ends_to_think_over(beamline)
-- Metrologies that failed or gave nothing, and those on whose candidate somebody or a rule has decided.
SELECT m.metrology_id, m.geometry_id
FROM beamloop.metrologies m LEFT JOIN beamloop.geometry_versions g USING (geometry_id)
WHERE m.beamline = :beamline AND m.end_noticed_at IS NULL AND m.state <> 'waiting'
  AND g.state IS DISTINCT FROM 'candidate'
ORDER BY m.metrology_id;

-- name: note_metrology_ends_noticed(metrology_ids)!
-- The ends of these are told, or need not be.
UPDATE beamloop.metrologies SET end_noticed_at = now() WHERE metrology_id = ANY (:metrology_ids);

-- name: let_metrology_ends_pass(beamlines)!
-- Tell nobody, except on some beamlines.
UPDATE beamloop.metrologies m SET end_noticed_at = now()
WHERE m.end_noticed_at IS NULL AND m.state <> 'waiting' AND m.beamline <> ALL (:beamlines)
  AND NOT EXISTS (SELECT FROM beamloop.geometry_versions g
                  WHERE g.geometry_id = m.geometry_id AND g.state = 'candidate');
