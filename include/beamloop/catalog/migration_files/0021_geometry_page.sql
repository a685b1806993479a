-- A download names a file by a number, as 0019 has it for the others: files of metrologies, for the page Geometry.
ALTER TABLE beamloop.metrology_artifacts ADD COLUMN artifact_id bigint GENERATED ALWAYS AS IDENTITY UNIQUE;
