"""Which unit cells belong together: BLEND's tree, a common setting, outliers, groups."""
