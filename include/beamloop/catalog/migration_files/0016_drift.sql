-- Whether a detector drifts: thought over once for each refined geometry with evidence.

-- when its drift was thought over, and told where people asked to be; null: not yet
ALTER TABLE beamloop.geometry_versions ADD drift_noticed_at timestamptz;
UPDATE beamloop.geometry_versions SET drift_noticed_at = now();
CREATE INDEX geometry_versions_drift_not_noticed ON beamloop.geometry_versions (beamline)
    WHERE drift_noticed_at IS NULL;
