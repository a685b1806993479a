"""Image files as they stand on the disk: what their first bytes and their length tell without DIALS."""
