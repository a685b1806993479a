-- name: page_joints_of_collection(collection_id)
-- The newest joint refinement of each group, with the group's figures before and after.
SELECT DISTINCT ON (group_id) * FROM beamloop.joints_told WHERE collection_id = :collection_id
ORDER BY group_id, joint_id DESC;

-- name: page_files_of_joint(joint_id)
-- The files of a joint refinement by their numbers.
SELECT artifact_id, step, name, size_bytes FROM beamloop.joint_artifacts WHERE joint_id = :joint_id ORDER BY step, name;

-- name: page_file_of_joint(artifact_id)^
-- One file of a joint refinement.
SELECT name, key, sha256, size_bytes FROM beamloop.joint_artifacts WHERE artifact_id = :artifact_id;

-- name: page_merges_of_collection(collection_id)
-- The newest merge of each group.
SELECT DISTINCT ON (group_id) * FROM beamloop.merges_told WHERE collection_id = :collection_id
ORDER BY group_id, merge_id DESC;

-- name: page_files_of_merge(merge_id)
-- The files of a merge by their numbers.
SELECT artifact_id, name, size_bytes FROM beamloop.merge_artifacts WHERE merge_id = :merge_id ORDER BY name;

-- name: page_file_of_merge(artifact_id)^
-- One file of a merge.
SELECT name, key, sha256, size_bytes FROM beamloop.merge_artifacts WHERE artifact_id = :artifact_id;
