-- name: forget_joint_tasks(dag_run_id)!
-- What a DAG run of refine_joint was to do, before it is said anew.
DELETE FROM beamloop.joint_tasks WHERE dag_run_id = :dag_run_id;

-- name: put_joint_tasks(dag_run_id, joint_ids)!
-- Which mapped task of a DAG run does which joint refinement, in the order of its list.
INSERT INTO beamloop.joint_tasks (dag_run_id, map_index, joint_id)
SELECT :dag_run_id, at - 1, joint_id FROM unnest(:joint_ids::bigint[]) WITH ORDINALITY AS listed (joint_id, at);

-- name: forget_merge_tasks(dag_run_id)!
-- What a DAG run of merge_group was to do, before it is said anew.
DELETE FROM beamloop.merge_tasks WHERE dag_run_id = :dag_run_id;

-- name: put_merge_tasks(dag_run_id, merge_ids)!
-- Which mapped task of a DAG run does which merge, in the order of its list.
INSERT INTO beamloop.merge_tasks (dag_run_id, map_index, merge_id)
SELECT :dag_run_id, at - 1, merge_id FROM unnest(:merge_ids::bigint[]) WITH ORDINALITY AS listed (merge_id, at);

-- name: joint_tasks_of(dag_run_id)
-- What the mapped tasks of a DAG run of refine_joint are about.
SELECT t.map_index, t.joint_id AS number, j.group_id
FROM beamloop.joint_tasks t JOIN beamloop.joint_refinements j USING (joint_id)
WHERE t.dag_run_id = :dag_run_id ORDER BY t.map_index;

-- name: merge_tasks_of(dag_run_id)
-- What the mapped tasks of a DAG run of merge_group are about.
SELECT t.map_index, t.merge_id AS number, m.group_id
FROM beamloop.merge_tasks t JOIN beamloop.merges m USING (merge_id)
WHERE t.dag_run_id = :dag_run_id ORDER BY t.map_index;
