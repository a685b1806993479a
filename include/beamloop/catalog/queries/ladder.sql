-- name: rung_records(run_id, sweeps)
-- What each way to index has done over the last indexed sweeps of the beamline that a run belongs to.
SELECT g.method, count(*)::integer AS tries, (count(*) FILTER (WHERE g.accepted))::integer AS successes,
       sum(g.cpu_s) AS cpu_s
FROM beamloop.rungs g
JOIN (
    SELECT r.run_id
    FROM beamloop.runs r
    JOIN beamloop.sweeps s USING (sweep_id)
    JOIN beamloop.collections c USING (collection_id)
    WHERE c.beamline = (
        SELECT own_c.beamline
        FROM beamloop.runs own_r
        JOIN beamloop.sweeps own_s USING (sweep_id)
        JOIN beamloop.collections own_c USING (collection_id)
        WHERE own_r.run_id = :run_id
    )
    AND EXISTS (SELECT FROM beamloop.rungs tried WHERE tried.run_id = r.run_id)
    ORDER BY r.run_id DESC
    LIMIT :sweeps
) lately USING (run_id)
GROUP BY g.method
ORDER BY g.method;
